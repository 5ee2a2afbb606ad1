/**
 * Parity for datagrams: of `k` data shards and `m` parity shards that were made of them, any `k` give back all data.
 *
 * ```ts
 * import { encodeParity, repairData } from '@streamer/reed-solomon'
 *
 * const parity = [new Uint8Array(1200), new Uint8Array(1200)]
 * encodeParity(frame, 1200, parity)
 *
 * // The first and the third of five shards are lost, and one parity shard came late.
 * const lost = [new Uint8Array(1200), undefined, new Uint8Array(1200)]
 * const whole = repairData([undefined, b, undefined, d, e], [parity[0], parity[1]], 1200, lost)
 * ```
 * Systematic code over GF(2^8) with the polynomial 0x11d and a Cauchy matrix; the README specifies it for other implementations.
 * @packageDocumentation
 */
export { maxShards, shardsInBlock } from './block.js'
export { encodeParity } from './encode.js'
export { repairData } from './repair.js'
