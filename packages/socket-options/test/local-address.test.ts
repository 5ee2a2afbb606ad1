import { expect, it } from 'vitest'
import { isLocalAddress } from '../src/index.js'

it.each([
  '127.0.0.1',
  '127.200.1.1',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.20',
  '169.254.7.7',
  '::1',
  'fe80::1%eth0',
  'fd12:3456::1',
  '::ffff:192.168.1.20'
])('%s is near', (address) => {
  expect(isLocalAddress(address)).toBe(true)
})

it.each([
  '203.0.113.5',
  '172.32.0.1',
  '100.64.0.1',
  '192.169.0.1',
  '2001:db8::1',
  '::ffff:203.0.113.5',
  '0.0.0.0',
  'fec0::1',
  '::'
])('%s is not', (address) => {
  expect(isLocalAddress(address)).toBe(false)
})
