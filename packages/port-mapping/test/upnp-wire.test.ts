import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gatewayServices, parseSearchAnswer, searches, soapCall, soapValue } from '../src/upnp-wire.js'

const location = new URL('http://192.168.1.1:5000/rootDesc.xml')
const upnp = 'urn:schemas-upnp-org'

function searchAnswer(headers: Readonly<Record<string, string>>, status = 'HTTP/1.1 200 OK'): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return Buffer.from([status, ...lines, '', ''].join('\r\n'))
}

function description(services: string, base = ''): string {
  return `<?xml version="1.0"?>
    <root xmlns="${upnp}:device-1-0">${base}<device><deviceType>${upnp}:device:InternetGatewayDevice:1</deviceType>
      <serviceList><service><serviceType>${upnp}:service:Layer3Forwarding:1</serviceType><controlURL>/l3f</controlURL></service></serviceList>
      <deviceList><device><deviceList><device><serviceList>${services}</serviceList></device></deviceList></device></deviceList>
    </device></root>`
}

function service(type: string, controlUrl: string): string {
  return `<service><serviceType>${upnp}:service:${type}</serviceType><serviceId>x</serviceId><controlURL>${controlUrl}</controlURL></service>`
}

describe('the search', () => {
  it('is for routers of both versions', () => {
    expect(searches.map((search) => /ST: (.+)\r\n\r\n$/.exec(Buffer.from(search).toString())?.[1])).toEqual([
      `${upnp}:device:InternetGatewayDevice:1`,
      `${upnp}:device:InternetGatewayDevice:2`
    ])
  })

  it('is answered with the place of a description', () => {
    const headers = { St: `${upnp}:device:InternetGatewayDevice:2`, location: location.href }
    expect(parseSearchAnswer(searchAnswer(headers), '192.168.1.1')?.href).toBe(location.href)
  })

  it('is not answered by others than routers, nor with a place elsewhere', () => {
    const headers = { ST: `${upnp}:device:InternetGatewayDevice:1`, LOCATION: location.href }
    const from = '192.168.1.1'
    expect(parseSearchAnswer(searchAnswer(headers), '192.168.1.7')).toBeUndefined()
    expect(parseSearchAnswer(searchAnswer(headers, 'NOTIFY * HTTP/1.1'), from)).toBeUndefined()
    for (const wrong of [
      { ST: `${upnp}:device:MediaServer:1` },
      { LOCATION: 'https://192.168.1.1/' },
      { LOCATION: 'file:///etc/passwd' },
      { LOCATION: 'nonsense' },
      { LOCATION: '' }
    ]) {
      expect(parseSearchAnswer(searchAnswer({ ...headers, ...wrong }), from)).toBeUndefined()
    }
  })

  it('may be answered with garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (garbage, text) => {
        parseSearchAnswer(garbage, '192.168.1.1')
        parseSearchAnswer(searchAnswer({ ST: `${upnp}:device:InternetGatewayDevice:1`, LOCATION: text }), '192.168.1.1')
      })
    )
  })
})

describe('a description', () => {
  it('names what maps ports, the best first', () => {
    const text = description(service('WANPPPConnection:1', '/ppp') + service('WANIPConnection:1', 'ip?a=1&amp;b=2'))
    expect(gatewayServices(text, location).map(({ type, controlUrl }) => [type, controlUrl.href])).toEqual([
      [`${upnp}:service:WANIPConnection:1`, 'http://192.168.1.1:5000/ip?a=1&b=2'],
      [`${upnp}:service:WANPPPConnection:1`, 'http://192.168.1.1:5000/ppp']
    ])
  })

  it('may have a base of its own', () => {
    const base = '<URLBase>http://192.168.1.1:49152/</URLBase>'
    const [found] = gatewayServices(description(service('WANIPConnection:2', '/ctl'), base), location)
    expect(found?.controlUrl.href).toBe('http://192.168.1.1:49152/ctl')
    // Some routers have one there of a network that they once had.
    const [other] = gatewayServices(
      description(service('WANIPConnection:2', '/ctl'), '<URLBase>http://10.0.0.1/</URLBase>'),
      location
    )
    expect(other?.controlUrl.href).toBe('http://192.168.1.1:5000/ctl')
  })

  it('cannot send us elsewhere', () => {
    expect(gatewayServices(description(service('WANIPConnection:1', 'http://192.168.1.7/x')), location)).toEqual([])
  })

  it('is read as far as it is XML', () => {
    const broken = description(`${service('WANIPConnection:1', '/ctl')}<unclosed & <b></c>`)
    expect(gatewayServices(broken, location)).toHaveLength(1)
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary-ascii' }), (garbage) => {
        gatewayServices(garbage, location)
        gatewayServices(description(garbage), location)
        soapValue(garbage, 'errorcode')
      })
    )
  })
})

describe('a call', () => {
  it('has its values as XML, whatever they are', () => {
    const call = soapCall({ type: `${upnp}:service:WANIPConnection:1`, controlUrl: location }, 'AddPortMapping', {
      NewPortMappingDescription: '<cat & "dog">'
    })
    expect(call.action).toBe(`"${upnp}:service:WANIPConnection:1#AddPortMapping"`)
    expect(call.body).toContain('&lt;cat &amp; &quot;dog&quot;&gt;')
    expect(soapValue(call.body, 'newportmappingdescription')).toBe('<cat & "dog">')
  })
})
