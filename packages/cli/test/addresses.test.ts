import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { reachableUrls } from '../src/addresses.js'

function address(text: string, internal = false): NetworkInterfaceInfo {
  const rest = { address: text, netmask: '', mac: '', internal, cidr: null }
  return text.includes(':') ? { ...rest, family: 'IPv6', scopeid: 0 } : { ...rest, family: 'IPv4' }
}

const interfaces = {
  lo: [address('127.0.0.1', true), address('::1', true)],
  wlan0: [address('fe80::1'), address('fd00::5'), address('fd00::6'), address('192.168.1.5')],
  eth0: [address('10.0.0.5'), address('FE90::2')]
}

describe('addresses that can be typed', () => {
  it('take the place of a wildcard: IPv4 first, one IPv6 each, no link-local ones, this machine last', () => {
    expect(reachableUrls(['http://[::]:8080/'], interfaces)).toEqual([
      { url: 'http://192.168.1.5:8080/', host: '192.168.1.5', from: 'network' },
      { url: 'http://10.0.0.5:8080/', host: '10.0.0.5', from: 'network' },
      { url: 'http://[fd00::5]:8080/', host: '[fd00::5]', from: 'network' },
      { url: 'http://localhost:8080/', host: 'localhost', from: 'this machine' }
    ])
  })

  it('leave IPv6 out when only IPv4 is listened on', () => {
    const urls = reachableUrls(['udp://0.0.0.0:9999'], interfaces).map(({ url }) => url)
    expect(urls).toEqual(['udp://192.168.1.5:9999', 'udp://10.0.0.5:9999', 'udp://localhost:9999'])
  })

  it('stand together for each address', () => {
    const urls = reachableUrls(['http://0.0.0.0:1/', 'http://0.0.0.0:1/stream.mjpg'], interfaces).map(({ url }) => url)
    expect(urls.slice(0, 2)).toEqual(['http://192.168.1.5:1/', 'http://192.168.1.5:1/stream.mjpg'])
  })

  it.each(['tcp://127.0.0.1:1', 'tcp://[::1]:1', 'tcp://localhost:1', 'tcp://127.8.8.8:1'])(
    'know that %s is for this machine only',
    (url) => {
      expect(reachableUrls([url], interfaces)).toMatchObject([{ url, from: 'this machine' }])
    }
  )

  it.each(['tcp://192.168.1.5:1', 'tcp://camera.local:1', 'rtsp-like, whatever a plugin says'])(
    'leave %s as it is',
    (url) => {
      expect(reachableUrls([url], interfaces)).toMatchObject([{ url, from: 'network' }])
    }
  )
})
