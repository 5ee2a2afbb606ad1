/** Marks parts that the core itself puts between a plugin and a stream (`auto`, isolation): what their inner side refused goes through them. */
export const ofCore: unique symbol = Symbol('@streamer/core.ofCore')

export function isOfCore(part: object): boolean {
  return ofCore in part
}
