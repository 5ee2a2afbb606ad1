import type { ReceiverStats } from '@streamer/receiver'

/** `30.0 fps, 7.9 Mbit/s | lost 0.5 % of datagrams -> 0.0 % of frames | age 12 / 35 ms | 3 resends` */
export function statusLine(stats: ReceiverStats): string {
  const { framerate, ageMs, datagrams, dropped, refused, resends } = stats
  const lost = `lost ${percent(stats.lossBefore)} of datagrams -> ${percent(stats.lossAfter)} of frames`
  return [
    `${framerate.toFixed(1)} fps, ${megabits(stats.bitrateBps)}`,
    ...(datagrams.received + datagrams.lost > 0 ? [lost] : []),
    ...(ageMs ? [`age ${ageMs.p50.toFixed(0)} / ${ageMs.p99.toFixed(0)} ms`] : []),
    ...(resends > 0 ? [`${resends} resends`] : []),
    ...(dropped > 0 ? [`${dropped} dropped`] : []),
    ...(refused > 0 ? [`${refused} refused`] : [])
  ].join(' | ')
}

/** What is said at the end. @param frames that were taken. @param seconds from the first attempt to the end. */
export function summaryLines(stats: ReceiverStats, frames: number, seconds: number): string[] {
  const { protocol, datagrams, ageMs } = stats
  const sentences = [
    `${count(frames, 'frame')} in ${seconds.toFixed(1)} s, ${rate(frames, seconds)} fps, ${megabits((stats.bytes * 8) / Math.max(seconds, 0.001))}${protocol ? ` over ${protocol}` : ''}`
  ]
  if (datagrams.received + datagrams.lost > 0) {
    const share = datagrams.lost / (datagrams.received + datagrams.lost)
    sentences.push(
      `${datagrams.received} datagrams, ${datagrams.lost} lost (${percent(share)}), ${datagrams.duplicate} twice, ${stats.resends} asked for again`,
      `${count(stats.framesLost, 'frame')} lost for it, ${stats.framesRepaired} repaired, ${stats.late} late`
    )
  }
  if (ageMs)
    sentences.push(`age of the last frames: ${ageMs.p50.toFixed(1)} ms, 99 of 100 below ${ageMs.p99.toFixed(1)} ms`)
  const way = measuresOf(stats)
  if (way.length > 0) sentences.push(way.join(', '))
  const odd = [
    ...(stats.dropped > 0 ? [`${stats.dropped} dropped for newer ones`] : []),
    ...(stats.refused > 0 ? [`${stats.refused} refused`] : []),
    ...(stats.reconnects > 0 ? [`connected again ${count(stats.reconnects, 'time')}`] : [])
  ]
  if (odd.length > 0) sentences.push(odd.join(', '))
  return sentences
}

function measuresOf({ roundTripMs, jitterMs, rateBps, parity }: ReceiverStats): string[] {
  return [
    ...(roundTripMs === undefined ? [] : [`round trip ${roundTripMs.toFixed(1)} ms`]),
    ...(jitterMs === undefined ? [] : [`jitter ${jitterMs.toFixed(1)} ms`]),
    ...(rateBps === undefined ? [] : [`room for ${megabits(rateBps)}`]),
    ...(parity === undefined ? [] : [`parity ${percent(parity)}`])
  ]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function megabits(bps: number): string {
  return `${(bps / 1e6).toFixed(1)} Mbit/s`
}

function rate(frames: number, seconds: number): string {
  return (frames / Math.max(seconds, 0.001)).toFixed(1)
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
