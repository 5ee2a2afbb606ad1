// @ts-check
import { transportContract } from '@streamer/testkit'
import { describe, it } from 'vitest'
import plugin from '../src/index.js'
import { FolderReader } from './reader.js'

transportContract(
  { describe, it },
  { plugin, options: () => ({ folder: 'recorded' }), connect: async (urls, stream) => new FolderReader(urls, stream) }
)
