import { describe, expect, it } from 'vitest'
import { addressText, addressTowards, defaultGateways, isPrivateAddress, plainAddress } from '../src/addresses.js'

const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'
const wifi = 'wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n'
const cable = 'eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n'
const network = 'eth0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n'
const tunnel = 'wg0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0\n'
const halfTheWorld = 'tun0\t00000000\t0100000A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n'

describe('the routers of the default routes', () => {
  it('come in the order that the kernel uses them', () => {
    expect(defaultGateways(head + wifi + network + cable, true)).toEqual(['192.168.2.1', '192.168.1.1'])
  })

  it('are not those of networks, tunnels or routes to half of the world', () => {
    expect(defaultGateways(head + network + tunnel + halfTheWorld, true)).toEqual([])
  })

  it('are read on machines of the other byte order', () => {
    expect(defaultGateways(`${head}eth0\t00000000\tC0A80201\t0003\t0\t0\t0\t00000000\t0\t0\t0\n`, false)).toEqual([
      '192.168.2.1'
    ])
  })

  it('are none in a text that is something else', () => {
    expect(defaultGateways('', true)).toEqual([])
    expect(defaultGateways('a\nb\n\n', true)).toEqual([])
  })
})

describe('addresses', () => {
  it('nobody can reach are known', () => {
    for (const address of ['10.1.2.3', '100.64.0.1', '172.31.0.1', '192.168.1.1', '169.254.1.1']) {
      expect(isPrivateAddress(address)).toBe(true)
    }
    for (const address of ['203.0.113.1', '172.32.0.1', '100.128.0.1']) expect(isPrivateAddress(address)).toBe(false)
  })

  it('of IPv4 are told as such', () => {
    expect(addressText(Buffer.from('00000000000000000000ffffcb007101', 'hex'))).toBe('203.0.113.1')
    expect(addressText(Buffer.from('20010db8000000000000000000000001', 'hex'))).toBe('2001:db8::1')
    expect(plainAddress('::ffff:1.2.3.4')).toBe('1.2.3.4')
    expect(plainAddress('::1')).toBe('::1')
  })

  it('of ours are those on the way to another', async () => {
    expect(await addressTowards('127.0.0.1')).toBe('127.0.0.1')
  })
})
