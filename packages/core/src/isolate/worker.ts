/**
 * What runs in the worker thread of an isolated plugin: it makes the part, and is the core to it.
 * @packageDocumentation
 */
import { workerData } from 'node:worker_threads'
import type { ToWorker, WorkerSetup } from './messages.js'
import { portableError } from './portable.js'
import { WorkerLink } from './worker-link.js'
import { WorkerPart } from './worker-part.js'

const setup = workerData as WorkerSetup
const link = new WorkerLink(setup.port)
const part = new WorkerPart(setup, link)

async function answer(id: number, work: () => Promise<unknown>): Promise<void> {
  try {
    const value = await work()
    part.report()
    link.send({ type: 'done', id, value })
  } catch (error) {
    link.send({ type: 'done', id, error: portableError(error) })
  }
}

setup.port.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      return void answer(message.id, () => part.start(message))
    case 'stop':
      return void answer(message.id, () => part.stop())
    case 'prepare':
      return void answer(message.id, () => part.prepare())
    case 'set':
      return void answer(message.id, () => part.set(message.values))
    case 'abort':
      return part.abort(message.reason)
    case 'frame':
      return part.host.frame(message.subscriptions, message.frame)
    case 'closed':
      return part.host.closed(message.subscription, message.reason)
    case 'push':
      return part.encode(message.frame)
    case 'taken':
      return part.outbox.taken()
    case 'done':
      return part.answered(message)
    case 'ping':
      link.noteReceived(message.received)
      part.host.update(message.snapshot)
      return part.report()
  }
})

// Left to Node, this would end the thread at once. The program ends it as well, but lets the plugin stop before: native code that has work under way when its
// thread ends may take the whole program along.
process.once('uncaughtException', (error: unknown) => {
  process.on('uncaughtException', () => {})
  link.send({ type: 'leaving', why: `threw outside of any call: ${portableError(error).message}` })
})
link.send({ type: 'hello' })
