/**
 * What is measured, and the rows of the table that come of it.
 *
 * A scenario is run once per round for each of its subjects, `needs` says what by: `stream`, `slow`, `writes`, `idle`, `start` or `encoder`. A row takes its
 * figures from the results of one scenario: `values(results)` gives one number for each round, of which the median is shown, `results` being a list for each subject
 * with the result of each round. `limit` is the target, at most unless `atLeast`; a figure without one is there to compare with.
 */

const http = { protocol: 'http', corpus: 'vga', framerate: 30 }

/** By name. */
export const scenarios = {
  'http-100': { ...http, needs: 'stream', clients: 100, subjects: ['floor', 'node', 'streamer', 'ustreamer'] },
  'http-50': { ...http, needs: 'stream', clients: 50, subjects: ['floor', 'node', 'streamer', 'ustreamer'] },
  'http-10': { ...http, needs: 'stream', clients: 10, subjects: ['floor', 'node', 'streamer', 'ustreamer'] },
  'hd-50': {
    ...http,
    needs: 'stream',
    corpus: 'hd',
    clients: 50,
    subjects: ['floor', 'node', 'streamer', 'ustreamer']
  },
  'one-pipe': { ...http, needs: 'stream', clients: 1, pipe: true, subjects: ['streamer'] },
  'one-memory': { ...http, needs: 'stream', clients: 1, subjects: ['floor', 'node', 'streamer', 'ustreamer'] },
  'tcp-50': { ...http, needs: 'stream', protocol: 'tcp', clients: 50, subjects: ['floor', 'streamer'] },
  saturation: { ...http, needs: 'stream', framerate: 0, clients: 50, subjects: ['floor', 'streamer'] },
  udp: {
    ...http,
    needs: 'stream',
    protocol: 'udp',
    clients: 10,
    subjects: ['floor', 'floor-gso', 'python', 'streamer', 'streamer-v2', 'streamer-plain']
  },
  'udp-fec': {
    ...http,
    needs: 'stream',
    protocol: 'udp',
    clients: 10,
    // As much loss as makes the server send about one datagram of parity for five of data.
    lossPercent: 4,
    key: 'only for the benchmark of speed',
    subjects: ['streamer-v2']
  },
  'writes-http': { ...http, needs: 'writes', clients: 50, subjects: ['streamer'] },
  'writes-tcp': { ...http, needs: 'writes', protocol: 'tcp', clients: 50, subjects: ['streamer'] },
  'writes-udp': { ...http, needs: 'writes', protocol: 'udp', clients: 10, subjects: ['streamer', 'streamer-v2'] },
  slow: { ...http, needs: 'slow', clients: 1, subjects: ['floor', 'streamer', 'ustreamer'] },
  // All transports that there are without a configuration.
  idle: { ...http, needs: 'idle', clients: 1, others: ['tcp', 'udp'], subjects: ['streamer'] },
  start: { needs: 'start', subjects: ['streamer'] },
  encoder: { needs: 'encoder', subjects: ['streamer'] }
}

/** One figure of one subject. */
function of(subject, label, unit, pick, target = {}) {
  return {
    label: subject === '' ? label : `${subject}${label && ` ${label}`}`,
    unit,
    ...target,
    values: (results) => {
      // A round that failed has no result.
      const measured = (results[subject || 'streamer'] ?? []).filter((result) => result !== undefined)
      return measured.map(pick).filter(Number.isFinite)
    }
  }
}

/** One subject's figure divided by another's of the same round. */
function ratio(subject, other, pick, target) {
  return {
    label: `${subject} / ${other}`,
    unit: 'times',
    ...target,
    values: (results) => {
      const [ours, theirs] = [results[subject] ?? [], results[other] ?? []]
      return ours.flatMap((result, round) =>
        result === undefined || theirs[round] === undefined ? [] : [pick(result) / pick(theirs[round])]
      )
    }
  }
}

const cpu = ({ cpuUsPerFrame }) => cpuUsPerFrame
const datagrams = ({ datagramsPerCpuSecond }) => datagramsPerCpuSecond
const kilobytes = 1000

/** CPU per delivered frame, ours against the others. */
function cpuFigures({ toFloor, toUstreamer }) {
  return [
    of('floor', '', 'µs CPU per frame', cpu),
    of('node', '', 'µs CPU per frame', cpu),
    of('streamer', '', 'µs CPU per frame', cpu),
    of('ustreamer', '', 'µs CPU per frame', cpu),
    ratio('streamer', 'floor', cpu, { limit: toFloor }),
    ratio('streamer', 'node', cpu, {}),
    ratio('streamer', 'ustreamer', cpu, toUstreamer === undefined ? {} : { limit: toUstreamer })
  ]
}

/** In the order of the table. */
export const rows = [
  {
    scenario: 'http-100',
    title: 'HTTP MJPEG, VGA, 30 fps, 100 clients',
    figures: cpuFigures({ toFloor: 1.5, toUstreamer: 0.3 })
  },
  {
    scenario: 'http-50',
    title: 'HTTP MJPEG, VGA, 30 fps, 50 clients',
    figures: cpuFigures({ toFloor: 1.6, toUstreamer: 0.4 })
  },
  {
    scenario: 'http-10',
    title: 'HTTP MJPEG, VGA, 30 fps, 10 clients',
    figures: cpuFigures({ toFloor: 2.0, toUstreamer: 0.7 })
  },
  { scenario: 'hd-50', title: 'HTTP MJPEG, 1080p, 30 fps, 50 clients', figures: cpuFigures({ toFloor: 1.25 }) },
  {
    scenario: 'one-pipe',
    title: 'HTTP, one client, VGA, 30 fps, the camera a program behind a pipe',
    figures: [
      of('streamer', '', '% of a core', ({ shareWithoutCamera }) => shareWithoutCamera * 100, { limit: 1.0 }),
      of('streamer', 'and the camera program', '% of a core', ({ share }) => share * 100)
    ]
  },
  {
    scenario: 'one-memory',
    title: 'HTTP, one client, VGA, 30 fps, pictures from memory',
    figures: ['floor', 'node', 'streamer', 'ustreamer'].map((name) =>
      of(name, '', '% of a core', ({ share }) => share * 100)
    )
  },
  {
    scenario: 'tcp-50',
    title: 'TCP, VGA, 30 fps, 50 clients',
    figures: [
      of('floor', '', 'µs CPU per frame', cpu),
      of('streamer', '', 'µs CPU per frame', cpu),
      ratio('streamer', 'floor', cpu, { limit: 1.4 })
    ]
  },
  {
    scenario: 'saturation',
    title: 'HTTP, VGA, as many frames as 50 clients take',
    figures: [
      of('floor', '', 'frames per second', ({ framesPerSecond }) => framesPerSecond),
      of('streamer', '', 'frames per second', ({ framesPerSecond }) => framesPerSecond, {
        limit: 45_000,
        atLeast: true
      }),
      of('streamer', '', 'GB/s', ({ bytesPerSecond }) => bytesPerSecond / 1e9, { limit: 2.3, atLeast: true }),
      of('floor', '', 'frames per core-second', ({ framesPerCpuSecond }) => framesPerCpuSecond),
      of('streamer', '', 'frames per core-second', ({ framesPerCpuSecond }) => framesPerCpuSecond)
    ]
  },
  {
    scenario: 'http-50',
    title: 'Frame in hand to arrival at the last of 50 HTTP clients',
    figures: ['floor', 'node', 'streamer', 'ustreamer'].flatMap((name) => [
      of(name, 'p50', 'ms', ({ lastAges }) => (lastAges?.p50Us ?? Number.NaN) / 1000, ours(name, { limit: 0.8 })),
      of(name, 'p99', 'ms', ({ lastAges }) => (lastAges?.p99Us ?? Number.NaN) / 1000, ours(name, { limit: 5 }))
    ])
  },
  {
    scenario: 'http-50',
    title: 'Frame in hand to arrival at each of 50 HTTP clients',
    figures: ['floor', 'node', 'streamer', 'ustreamer'].flatMap((name) => [
      of(name, 'p50', 'ms', ({ ages }) => (ages?.p50Us ?? Number.NaN) / 1000),
      of(name, 'p99', 'ms', ({ ages }) => (ages?.p99Us ?? Number.NaN) / 1000)
    ])
  },
  {
    scenario: 'udp',
    title: 'UDP, VGA, 30 fps, 10 clients',
    figures: [
      ...['floor', 'floor-gso', 'python', 'streamer', 'streamer-v2', 'streamer-plain'].map((name) =>
        of(name, '', 'datagrams per core-second', datagrams)
      ),
      ...['streamer', 'streamer-v2'].flatMap((name) => [
        ratio(name, 'floor-gso', datagrams, { limit: 0.9, atLeast: true }),
        ratio(name, 'python', datagrams, { limit: 5, atLeast: true })
      ]),
      ratio('streamer-plain', 'python', datagrams, { limit: 1, atLeast: true })
    ]
  },
  {
    scenario: 'udp-fec',
    title: 'UDP version 2 with a key, VGA, 30 fps, 10 clients that lose 4 %',
    figures: [
      of('streamer-v2', '', '% of a core', ({ share }) => share * 100),
      // Where the server takes the loss for a narrow way it sends fewer frames, and they cost less.
      of('streamer-v2', 'for 30 fps', '% of a core', ({ share, clientFramerate }) => (share / clientFramerate) * 3000, {
        limit: 12
      }),
      of('streamer-v2', 'parity', '% of the data', ({ parity }) => parity * 100),
      of('streamer-v2', 'to each client', 'fps', ({ clientFramerate }) => clientFramerate)
    ]
  },
  {
    scenario: 'writes-http',
    title: 'Writes to sockets per HTTP frame and client',
    figures: [of('streamer', '', 'calls', ({ writesPerFrame }) => writesPerFrame, { limit: 1.05 })]
  },
  {
    scenario: 'writes-tcp',
    title: 'Writes to sockets per TCP frame and client',
    figures: [of('streamer', '', 'calls', ({ writesPerFrame }) => writesPerFrame, { limit: 1.05 })]
  },
  {
    scenario: 'writes-udp',
    title: 'Writes to sockets per UDP frame and client',
    figures: ['streamer', 'streamer-v2'].map((name) =>
      of(name, '', 'calls', ({ writesPerFrame }) => writesPerFrame, { limit: 2 })
    )
  },
  {
    scenario: 'http-100',
    title: 'Resident memory, 100 HTTP clients, VGA',
    figures: ['floor', 'streamer', 'ustreamer'].map((name) =>
      of(name, '', 'MB', ({ residentBytes }) => residentBytes / 1e6, ours(name, { limit: 90 }))
    )
  },
  {
    scenario: 'slow',
    title: 'Held for a client that takes nothing, user space and kernel',
    figures: ['floor', 'streamer', 'ustreamer'].map((name) =>
      of(
        name,
        '',
        'KB',
        ({ heldBytes }) => heldBytes / kilobytes,
        // Two frames of the corpus and 256 KB.
        ours(name, { limit: (2 * 52_000 + 256 * 1024) / kilobytes })
      )
    )
  },
  {
    scenario: 'idle',
    title: 'Nobody watches any more',
    figures: [
      of('streamer', '', '% of a core', ({ share }) => share * 100, { limit: 0.1 }),
      of('streamer', 'cameras that run', '', ({ state }) => (state === 'idle' ? 0 : 1), { limit: 0 })
    ]
  },
  {
    scenario: 'start',
    title: 'Start of the command to the first HTTP frame, fake camera, above a bare `node`',
    figures: [of('streamer', '', 's', ({ startMs }) => startMs / 1000, { limit: 0.6 })]
  },
  {
    scenario: 'encoder',
    title: 'encoder-jpeg',
    figures: [
      of('', 'VGA from RGB', 'ms CPU per frame', ({ vgaMs }) => vgaMs, { limit: 1.2 }),
      of('', 'main thread at 1080p, 30 fps', '% busy', ({ busyShare }) => busyShare * 100, { limit: 5 })
    ]
  }
]

/** Targets are for ourselves. */
function ours(name, target) {
  return name === 'streamer' ? target : {}
}
