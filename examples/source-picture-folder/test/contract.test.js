// @ts-check
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sourceContract } from '@streamer/testkit'
import { afterAll, beforeAll, describe, it } from 'vitest'
import plugin from '../src/index.js'
import { writePictures } from './pictures.js'

const folder = mkdtempSync(join(tmpdir(), 'picture-folder-'))
beforeAll(() => writePictures(folder, 5))
afterAll(() => rmSync(folder, { recursive: true }))

sourceContract(
  { describe, it },
  { plugin, options: { folder: '.', framerate: 20 }, baseDir: folder, impossible: { folder: 'none' } }
)
