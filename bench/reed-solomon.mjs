/**
 * What parity costs: `npx tsc -b && node bench/reed-solomon.mjs [seconds]`, on one core.
 * Each cell is MB (10^6 bytes) of data per second of CPU time, the median of many turns, and its ratio to plain code with one table of 256 bytes for each
 * coefficient (all 64 KiB of them made beforehand), measured by turns with it. Both decode by the same rows, so that only the arithmetic is compared; those
 * of the plain code are made outside of its time.
 */
import os from 'node:os'
import { encodeParity, repairData } from '../packages/reed-solomon/dist/index.js'

const seconds = Number(process.argv[2] ?? 1)
console.log(
  `${os.cpus()[0]?.model}, ${os.cpus().length} cores, Node ${process.version}, load ${os.loadavg()[0].toFixed(1)}`
)

const multiply = (a, b) => {
  let product = 0
  for (; b > 0; b >>= 1) {
    if (b & 1) product ^= a
    a = a & 128 ? ((a << 1) ^ 0x11d) & 255 : a << 1
  }
  return product
}
const products = Array.from({ length: 256 }, (_, a) => Uint8Array.from({ length: 256 }, (_, b) => multiply(a, b)))
const inverse = products.map((row) => row.indexOf(1))

console.log(
  `${'data+parity x bytes'.padEnd(22)}${'encode'.padStart(8)}${'plain'.padStart(7)}${'ratio'.padStart(7)}${'lost'.padStart(7)}` +
    `${'decode'.padStart(8)}${'plain'.padStart(7)}${'ratio'.padStart(7)}`
)
for (const [k, m, bytes, lost] of [
  [4, 1, 1200, 1],
  [10, 2, 1200, 1],
  [34, 3, 1200, 3],
  [34, 7, 1200, 3],
  [34, 7, 1200, 7],
  [34, 17, 1200, 3],
  [34, 17, 1200, 17],
  [34, 7, 400, 3],
  [34, 7, 8000, 3],
  [200, 40, 1200, 20],
  [200, 40, 1200, 40]
]) {
  const shape = shapeOf(k, m, bytes, lost)
  const [encode, plainEncode] = compare(
    () => encodeParity(shape.frame, bytes, shape.parity),
    () => plain(shape.data, shape.encodeRows, shape.plainParity)
  )
  same(shape.parity, shape.plainParity)
  const [decode, plainDecode] = compare(
    () => repairData(shape.received, shape.receivedParity, bytes, shape.rebuilt),
    () => plain(shape.sources, shape.decodeRows, shape.plainRebuilt)
  )
  same(
    shape.rebuilt.filter((shard) => shard !== undefined),
    shape.plainRebuilt
  )
  const mbps = (ms) => (k * bytes) / ms / 1000
  const cells = (ours, other) =>
    `${mbps(ours).toFixed(0).padStart(8)}${mbps(other).toFixed(0).padStart(7)}${(other / ours).toFixed(1).padStart(7)}`
  console.log(
    `${`${k}+${m} x ${bytes}`.padEnd(22)}${cells(encode, plainEncode)}${String(lost).padStart(7)}${cells(decode, plainDecode)}`
  )
}

/** A frame, its parity, and what came of it: `lost` data shards did not, and of the parity only just enough, the last of it. */
function shapeOf(k, m, bytes, lost) {
  const frame = Uint8Array.from({ length: k * bytes }, (_, at) => Math.imul(at + 1, 2654435761) >>> 23)
  const data = Array.from({ length: k }, (_, i) => frame.subarray(i * bytes, (i + 1) * bytes))
  const arrays = (count) => Array.from({ length: count }, () => new Uint8Array(bytes))
  const parity = arrays(m)
  encodeParity(frame, bytes, parity)
  const encodeRows = parity.map((_, j) => data.map((_, i) => inverse[i ^ (255 - j)]))
  const isLost = data.map((_, i) => Math.floor(((i + 1) * lost) / k) > Math.floor((i * lost) / k))
  const came = (_, j) => j >= m - lost
  const unit = data.map((_, i) => data.map((_, n) => (n === i ? 1 : 0)))
  const inverted = invert([...unit.filter((_, i) => !isLost[i]), ...encodeRows.filter(came)])
  return {
    frame,
    data,
    parity,
    encodeRows,
    plainParity: arrays(m),
    received: data.map((shard, i) => (isLost[i] ? undefined : shard)),
    receivedParity: parity.map((shard, j) => (came(shard, j) ? shard : undefined)),
    rebuilt: data.map((_, i) => (isLost[i] ? new Uint8Array(bytes) : undefined)),
    sources: [...data.filter((_, i) => !isLost[i]), ...parity.filter(came)],
    decodeRows: inverted.filter((_, i) => isLost[i]),
    plainRebuilt: arrays(lost)
  }
}

/** Gauss-Jordan. */
function invert(matrix) {
  const size = matrix.length
  const rows = matrix.map((row, i) => [...row, ...row.map((_, n) => (n === i ? 1 : 0))])
  for (let column = 0; column < size; column++) {
    const pivot = rows.findIndex((row, i) => i >= column && row[column] !== 0)
    ;[rows[column], rows[pivot]] = [rows[pivot], rows[column]]
    const scale = products[inverse[rows[column][column]]]
    rows[column] = rows[column].map((value) => scale[value])
    for (let i = 0; i < size; i++) {
      if (i === column || rows[i][column] === 0) continue
      const factor = products[rows[i][column]]
      rows[i] = rows[i].map((value, n) => value ^ factor[rows[column][n]])
    }
  }
  return rows.map((row) => row.slice(size))
}

function plain(sources, rows, targets) {
  for (let t = 0; t < targets.length; t++) {
    const target = targets[t]
    target.fill(0)
    for (let s = 0; s < sources.length; s++) {
      const source = sources[s]
      const table = products[rows[t][s]]
      for (let at = 0; at < target.length; at++) target[at] ^= table[source[at]]
    }
  }
}

/**
 * Median milliseconds of CPU time of one call of each, by turns, in batches that take about as long for each: else other programs of the machine
 * would get in the way of the slower one more often.
 */
function compare(...calls) {
  const turns = calls.map((call) => {
    // Until the compiler is done with it.
    for (let spent = 0; spent < 300; ) spent += timed(call, 10)
    return Math.max(1, Math.ceil(20 / (timed(call, 3) / 3)))
  })
  const times = calls.map(() => [])
  const end = performance.now() + seconds * 1000
  do {
    calls.forEach((call, index) => {
      times[index].push(timed(call, turns[index]) / turns[index])
    })
  } while (performance.now() < end || times[0].length < 9)
  return times.map((list) => list.sort((a, b) => a - b)[list.length >> 1])
}

/** Milliseconds of CPU time of some calls. */
function timed(call, turns) {
  const begin = process.cpuUsage()
  for (let turn = 0; turn < turns; turn++) call()
  const { user, system } = process.cpuUsage(begin)
  return (user + system) / 1000
}

function same(some, others) {
  if (some.length !== others.length || some.some((shard, i) => Buffer.compare(shard, others[i]) !== 0)) {
    throw new Error('the two do not agree')
  }
}
