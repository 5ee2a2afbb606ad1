/**
 * Networks to measure on. The stream is 10 Mbit/s with all headers, and a frame of 34 full datagrams of version 1 leaves at once.
 * `lossPercent`, `meanBurst` (datagrams, of the Gilbert-Elliott model), `delayMs` each way, `jitterMs` on top, `rateBps` with `queueMs` before it, `freeAfterMs` without that limit, `tcp` for a TCP flow on the same way, `waitMs` that
 * a client of version 2 lets a frame wait for lost pieces; those with `quick` are enough to see that all of it works, and one that is `clean` must let frames through.
 */
export const conditions = [
  { name: 'nothing lost', clean: true, quick: true },
  { name: '2 % lost', lossPercent: 2, quick: true },
  { name: '5 % lost', lossPercent: 5 },
  { name: '10 % lost', lossPercent: 10, quick: true },
  { name: '3 % lost in bursts of 5', lossPercent: 3, meanBurst: 5, waitMs: 50 },
  { name: '6 Mbit/s, queue 100 ms', rateBps: 6_000_000, queueMs: 100, quick: true },
  { name: '6 Mbit/s, queue 100 ms, beside TCP', rateBps: 6_000_000, queueMs: 100, tcp: true },
  { name: '6 Mbit/s for 8 s, then free', rateBps: 6_000_000, queueMs: 100, freeAfterMs: 8000 },
  { name: '40 ms each way, 2 % lost', delayMs: 40, lossPercent: 2, waitMs: 130 },
  { name: '20 Mbit/s, queue 10 ms', rateBps: 20_000_000, queueMs: 10 },
  { name: '12 Mbit/s, queue 50 ms', rateBps: 12_000_000, queueMs: 50 }
]
