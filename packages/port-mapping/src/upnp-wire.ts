import { escapeXml, leavesOf } from './xml.js'

/** UPnP Device Architecture 1.1 section 1.3.2. */
export const searchHost = '239.255.255.250'
export const searchPort = 1900

/** A router with version 2 answers to a search for version 1 as well, unless it was not made with care. */
const deviceTypes = [1, 2].map((version) => `urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`)

/** What maps ports, the better one first. WANPPPConnection is that of routers that dial in (DSL). */
const serviceTypes = ['WANIPConnection:2', 'WANIPConnection:1', 'WANPPPConnection:1'].map(
  (name) => `urn:schemas-upnp-org:service:${name}`
)

/** The place where a router is told what to do. */
export interface GatewayService {
  readonly type: string
  readonly controlUrl: URL
}

/** Looks for routers: one datagram for each version of them. */
export const searches: readonly Uint8Array[] = deviceTypes.map((type) =>
  Buffer.from(
    [
      'M-SEARCH * HTTP/1.1',
      `HOST: ${searchHost}:${searchPort}`,
      'MAN: "ssdp:discover"',
      'MX: 1',
      `ST: ${type}`,
      '',
      ''
    ].join('\r\n')
  )
)

/**
 * Where the description of the router that answered is to be had; undefined for anything that is not the answer of a router, and for one that sends us
 * elsewhere than to itself. Never throws.
 * @param from the address that it came from.
 */
export function parseSearchAnswer(datagram: Uint8Array, from: string): URL | undefined {
  const [status = '', ...lines] = Buffer.from(datagram).toString('latin1').split(/\r?\n/)
  if (!/^HTTP\/1\.\d 200\b/.test(status)) return undefined
  const headers = new Map(
    lines.map((line) => {
      const [name = '', ...value] = line.split(':')
      return [name.trim().toLowerCase(), value.join(':').trim()]
    })
  )
  if (!deviceTypes.includes(headers.get('st') ?? '')) return undefined
  return httpUrlOf(headers.get('location') ?? '', from)
}

/** The services for mapping ports in the description of a router, the best first. Those elsewhere than in it are left out. Never throws. */
export function gatewayServices(description: string, location: URL): GatewayService[] {
  const services: GatewayService[] = []
  let base = location.href
  let type = ''
  for (const { name, text } of leavesOf(description)) {
    if (name === 'urlbase') base = text
    else if (name === 'servicetype') type = text
    else if (name === 'controlurl' && serviceTypes.includes(type)) {
      const controlUrl = httpUrlOf(text, location.hostname, base) ?? httpUrlOf(text, location.hostname, location.href)
      if (controlUrl) services.push({ type, controlUrl })
    }
  }
  return services.sort((a, b) => serviceTypes.indexOf(a.type) - serviceTypes.indexOf(b.type))
}

/** The body of a call, and the header that goes with it. */
export function soapCall(
  { type }: GatewayService,
  action: string,
  values: Readonly<Record<string, string | number>>
): { body: string; action: string } {
  const elements = Object.entries(values).map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
  return {
    action: `"${type}#${action}"`,
    body:
      '<?xml version="1.0"?>\r\n' +
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">' +
      `<s:Body><u:${action} xmlns:u="${type}">${elements.join('')}</u:${action}></s:Body></s:Envelope>\r\n`
  }
}

/** The first value called `name` in an answer, in lower case. */
export function soapValue(body: string, name: string): string | undefined {
  return leavesOf(body).find((leaf) => leaf.name === name)?.text
}

function httpUrlOf(text: string, host: string, base?: string): URL | undefined {
  try {
    const url = new URL(text, base)
    return url.protocol === 'http:' && url.hostname === host ? url : undefined
  } catch {
    return undefined
  }
}
