import type { Clock } from '../../clock.js'
import type { ConnectionCounters } from '../../connection.js'
import { Assembly } from './assembly.js'
import { type Chunk, type FrameStart, type HeaderWidth, parseChunk, parseStart } from './wire.js'

/** The server sends one frame after the other, so that only disorder on the way needs more than two. */
const maxOpen = 4
/** A frame of which nothing came for so long will not be whole any more. */
const staleMs = 1000
/** Frames do not overtake so many others: the server counts anew. */
const farBehind = 64
/** Ids of frames that are done with, so that what comes of them later begins no new ones. */
const rememberedIds = 64

export interface AssemblerOptions {
  readonly clock: Clock
  /** Bytes of a payload at most. */
  readonly maxBytes: number
  readonly counters: ConnectionCounters
  /** A whole frame. `payload` is the taker's own. */
  readonly onFrame: (payload: Buffer, sequence: number, wallClockUs: number | undefined) => void
}

/** Puts frames together of the datagrams of version 1. A few at a time, and never more memory than has come. */
export class Assembler {
  readonly #options: AssemblerOptions
  /** By their numbers, unwrapped; in the order in which they began. */
  readonly #open = new Map<number, Assembly>()
  /** Frames that are done with, and whether they were whole. */
  readonly #done = new Map<number, boolean>()
  #width: HeaderWidth | undefined
  /** The highest number so far; undefined before the first. */
  #newest: number | undefined

  constructor(options: AssemblerOptions) {
    this.#options = options
  }

  /** @returns whether the datagram is one of a frame. */
  receive(datagram: Buffer): boolean {
    const start = parseStart(datagram)
    const chunk = start || this.#width === undefined ? undefined : parseChunk(datagram, this.#width)
    if (!start && !chunk) return false
    this.#options.counters.datagramsReceived++
    if (start) this.#takeStart(start)
    else if (chunk) this.#takeChunk(chunk)
    return true
  }

  /** Forgets what is not whole. */
  close(): void {
    this.#open.clear()
  }

  #takeStart(start: FrameStart): void {
    const { counters, maxBytes } = this.#options
    this.#width = start.width
    const sequence = this.#sequenceOf(start.frameId)
    if (this.#isDone(sequence)) return
    if (!Assembly.isPlausible(start, maxBytes)) {
      counters.refused++
      this.#end(sequence, false)
      return
    }
    const assembly = this.#assembly(sequence)
    if (!assembly) return
    if (assembly.addStart(start)) this.#finish(assembly)
    else counters.datagramsDuplicate++
  }

  #takeChunk({ frameId, index, payload }: Chunk): void {
    const { counters } = this.#options
    const sequence = this.#sequenceOf(frameId)
    if (this.#isDone(sequence)) return
    const assembly = this.#assembly(sequence)
    if (!assembly) return
    if (assembly.addChunk(index, payload)) this.#finish(assembly)
    else counters.datagramsDuplicate++
  }

  /** The frame of that number, begun if it is new; undefined when it is too old. */
  #assembly(sequence: number): Assembly | undefined {
    const nowMs = this.#options.clock.nowMs()
    let assembly = this.#open.get(sequence)
    if (!assembly) {
      const newest = this.#newest ?? sequence
      if (sequence <= newest - maxOpen) return undefined
      this.#newest = Math.max(newest, sequence)
      this.#makeRoom(nowMs)
      assembly = new Assembly(sequence)
      this.#open.set(sequence, assembly)
    }
    assembly.lastHeardMs = nowMs
    return assembly
  }

  #makeRoom(nowMs: number): void {
    for (const assembly of this.#open.values()) {
      if (this.#open.size >= maxOpen || assembly.lastHeardMs < nowMs - staleMs) this.#giveUp(assembly)
    }
  }

  #giveUp(assembly: Assembly): void {
    const { counters } = this.#options
    counters.datagramsLost += assembly.missing
    counters.framesLost++
    this.#end(assembly.sequence, false)
  }

  #finish(assembly: Assembly): void {
    const payload = assembly.whole()
    if (!payload) return
    this.#end(assembly.sequence, true)
    this.#options.onFrame(payload, assembly.sequence, assembly.start?.wallClockUs)
  }

  /** Whether the frame is done with; what comes of a whole one was there already. */
  #isDone(sequence: number): boolean {
    const wasWhole = this.#done.get(sequence)
    if (wasWhole === true) this.#options.counters.datagramsDuplicate++
    return wasWhole !== undefined
  }

  #end(sequence: number, isWhole: boolean): void {
    this.#open.delete(sequence)
    this.#done.set(sequence, isWhole)
    const [oldest] = this.#done.keys()
    if (this.#done.size > rememberedIds && oldest !== undefined) this.#done.delete(oldest)
  }

  /** Ids of 32 bits wrap; numbers here do not. */
  #sequenceOf(frameId: number): number {
    const newest = this.#newest
    if (newest === undefined) return frameId
    // The difference modulo 2^32 that is nearest to 0.
    const sequence = this.#width === 32 ? newest + ((frameId - newest) | 0) : frameId
    if (sequence >= newest - farBehind) return sequence
    this.#open.clear()
    this.#done.clear()
    this.#newest = undefined
    return frameId
  }
}
