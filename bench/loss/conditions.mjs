/**
 * Networks to measure on. The stream is 10 Mbit/s with all headers, and a frame of 34 full datagrams leaves at once.
 * `lossPercent`, `meanBurst` (datagrams, of the Gilbert-Elliott model), `delayMs` each way, `jitterMs` on top, `rateBps` with `queueMs` before it; those
 * with `quick` are enough to see that all of it works, and one that is `clean` must let frames through.
 */
export const conditions = [
  { name: 'nothing lost', clean: true, quick: true },
  { name: '0.1 % lost', lossPercent: 0.1 },
  { name: '1 % lost', lossPercent: 1, quick: true },
  { name: '2 % lost', lossPercent: 2 },
  { name: '5 % lost', lossPercent: 5 },
  { name: '10 % lost', lossPercent: 10 },
  { name: '2 % lost in bursts of 5', lossPercent: 2, meanBurst: 5 },
  { name: '5 % lost in bursts of 15', lossPercent: 5, meanBurst: 15 },
  { name: '20 ms each way, 1 % lost', delayMs: 20, lossPercent: 1, quick: true },
  { name: '100 ms each way, jitter 20 ms, 2 % lost', delayMs: 100, jitterMs: 20, lossPercent: 2 },
  { name: '50 Mbit/s, queue 20 ms', rateBps: 50_000_000, queueMs: 20 },
  { name: '20 Mbit/s, queue 10 ms', rateBps: 20_000_000, queueMs: 10 },
  { name: '12 Mbit/s, queue 50 ms', rateBps: 12_000_000, queueMs: 50 },
  { name: '8 Mbit/s, queue 50 ms', rateBps: 8_000_000, queueMs: 50, quick: true }
]
