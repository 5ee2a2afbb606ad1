/**
 * Lets somebody outside a home router reach a port of this machine: `mapPort` asks the router to let it in (PCP, NAT-PMP, UPnP), `StunClient` asks a
 * server on the internet under which address a socket is seen there.
 *
 * ```ts
 * import { mapPort } from '@streamer/port-mapping'
 *
 * const mapping = await mapPort({ protocol: 'udp', port: 9999 })
 * console.log(`reachable at ${mapping.externalHost}:${mapping.externalPort}`)
 * await mapping.close()
 * ```
 * @packageDocumentation
 */
export { PortMappingError } from './errors.js'
export { type MapPortOptions, mapPort } from './map-port.js'
export type { MappingEvent, PortMapping } from './mapping.js'
export type { MappingMethod } from './router.js'
export { type DatagramSocket, type PublicAddress, type PublicAddressOptions, StunClient } from './stun-client.js'
export { type BindingResponse, bindingRequest, parseBindingResponse } from './stun-wire.js'
