/** What is known of the newest frame that has metadata. */
interface Known {
  /** Start of its exposure. */
  readonly sensorUs: number
  /** To that of the next one. */
  readonly intervalUs: number
  /** When we heard of it, right after its JPEG had been written. */
  readonly heardUs: number
}

/** Frames that the newest metadata are good for: the one they belong to and those up to so many later. */
const mostLater = 4
/** An older frame is none of ours. */
const maxAgeUs = 10_000_000
/** A record is about 1 KB. */
const maxRecordLength = 64 * 1024

/** Nanoseconds. */
const sensorTimestamp = /^SensorTimestamp=(\d+)$/m
/** Microseconds. */
const frameDuration = /^FrameDuration=(\d+)$/m

/**
 * Tells when the exposure of a frame began, by the metadata that rpicam-vid writes beside (format `txt`: lines `name=value`, an empty line after each frame).
 *
 * rpicam-vid writes the metadata of a frame after its JPEG, so they are not there yet when the JPEG is, and a frame must not wait for them. But the sensor keeps its
 * pace: the exposure began whole frame durations after that of the newest frame whose metadata are there, and how many is plain from the time that has gone
 * by since we heard of those. Nothing is counted, so frames and metadata cannot get out of step.
 *
 * All times are microseconds of the monotonic clock.
 */
export class SensorClock {
  readonly #defaultIntervalUs: number
  #text = ''
  #known: Known | undefined

  /** @param defaultIntervalUs between frames, where the metadata do not say. */
  constructor(defaultIntervalUs: number) {
    this.#defaultIntervalUs = defaultIntervalUs
  }

  /** Takes the next piece of the metadata, however it is cut. */
  push(text: string, nowUs: number): void {
    this.#text += text
    const end = this.#text.lastIndexOf('\n\n')
    if (end < 0) {
      if (this.#text.length > maxRecordLength) this.#text = ''
      return
    }
    const [record = ''] = this.#text.slice(0, end).split('\n\n').slice(-1)
    this.#text = this.#text.slice(end + 2)
    const timestampNs = valueIn(record, sensorTimestamp)
    if (timestampNs === undefined) return
    const intervalUs = valueIn(record, frameDuration) ?? this.#defaultIntervalUs
    this.#known = { sensorUs: timestampNs / 1000, intervalUs, heardUs: nowUs }
  }

  /**
   * When the exposure of a frame began, or undefined when that is not known.
   * @param arrivedUs of its first byte.
   * @param completeUs of its last byte.
   */
  exposureUs(arrivedUs: number, completeUs: number): number | undefined {
    if (!this.#known) return undefined
    const { sensorUs, intervalUs, heardUs } = this.#known
    const later = Math.round((completeUs - heardUs) / intervalUs)
    const exposureUs = Math.round(sensorUs + later * intervalUs)
    const isPlausible = later <= mostLater && exposureUs <= arrivedUs && arrivedUs - exposureUs <= maxAgeUs
    return isPlausible ? exposureUs : undefined
  }
}

function valueIn(record: string, line: RegExp): number | undefined {
  const value = Number(line.exec(record)?.[1])
  return value > 0 ? value : undefined
}
