/*
 * GF(2^8) with the polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d), of which 2 is a generator. Addition is XOR.
 * Values that are not zero are multiplied by adding their logarithms modulo 255.
 */

/** `2^n` for n from 0 to 254. */
export const powers = new Uint8Array(255)

/** The n for which `2^n` is the index, 0 to 254. 0 has none; what reads as 0 there is for callers that leave it out of a sum. */
export const logarithms = new Uint8Array(256)

for (let n = 0, value = 1; n < 255; n++) {
  powers[n] = value
  logarithms[value] = n
  value <<= 1
  if (value > 255) value ^= 0x11d
}

/** Four elements in the bytes of one number, each times 2. */
export function doubled(four: number): number {
  return ((four & 0x7f7f7f7f) << 1) ^ (((four >>> 7) & 0x01010101) * 0x1d)
}
