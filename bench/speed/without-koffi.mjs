/** Loaded before everything else (`node --import`): a machine on which koffi is not installed, so that only what Node itself offers is used. */
import Module from 'node:module'

const { _resolveFilename: resolve } = Module
Module._resolveFilename = function (request, ...rest) {
  if (request === 'koffi') throw new Error('koffi is left out, to measure what there is without it')
  return resolve.call(this, request, ...rest)
}
