export * from './hub.js'
