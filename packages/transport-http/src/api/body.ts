import type { IncomingMessage } from 'node:http'
import { Problem } from './problem.js'

/** The values of all controls of a camera take some kilobytes at most. */
const maxBodyBytes = 64 * 1024

/**
 * Reads the JSON that a request carries.
 * @throws Problem 415 when it does not say that it is JSON (forms of other sites cannot say so), 413 when it is too large, 400 when it is none.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/json')
    throw new Problem(415, 'the request needs a body of the type application/json')
  const bytes = await readBytes(request)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new Problem(400, `the body is not JSON: ${(error as Error).message}`)
  }
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0)
  const chunks: Buffer[] = []
  let length = announced > maxBodyBytes ? announced : 0
  if (length === 0) {
    // Left by a `break`, the loop would cut the connection before its answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBodyBytes) break
      chunks.push(chunk)
    }
  }
  if (length <= maxBodyBytes) return Buffer.concat(chunks)
  // What still comes is not waited for.
  throw new Problem(413, `the body has more than ${maxBodyBytes} bytes`, { Connection: 'close' })
}
