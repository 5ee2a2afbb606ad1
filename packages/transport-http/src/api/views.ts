import type { Control, HostView, Stream } from '@streamer/core/plugin'
import type { z } from 'zod'
import type { pathsOf } from '../state.js'
import type { clientSchema, controlsSchema, streamSchema } from './schemas.js'

/** One stream as the API shows it. @param paths where this transport has it; null when it does not carry it. */
export function streamView(stream: Stream, paths: ReturnType<typeof pathsOf> | null): z.input<typeof streamSchema> {
  const { name, codec, state, width, height, framerate, captured, published, starts, failures, ...stats } =
    stream.stats()
  return {
    name,
    codec,
    state,
    width,
    height,
    framerate,
    captured,
    published,
    starts,
    failures,
    ...(stats.lastFailure && { lastFailure: stats.lastFailure }),
    clients: stats.clients.length,
    hasControls: stream.controls !== undefined,
    delays: stats.delays as z.input<typeof streamSchema>['delays'],
    paths
  }
}

/** The clients of all streams. */
export function clientViews(host: HostView): z.input<typeof clientSchema>[] {
  return Array.from(host.streams.values()).flatMap((stream) =>
    stream.stats().clients.map(({ offered: _, waiting: __, ...client }) => ({ ...client, stream: stream.name }))
  )
}

/** The controls of a stream with their ranges and values; none when it has none. */
export function controlsView({ controls }: Stream): z.input<typeof controlsSchema> {
  if (!controls) return { controls: [] }
  const values = controls.values()
  const list = controls.list().map((control: Control) => {
    const value = values[control.name]
    return { ...control, ...(value !== undefined && { value }) }
  })
  return { controls: list as z.input<typeof controlsSchema>['controls'] }
}
