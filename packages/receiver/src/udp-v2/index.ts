export { UdpV2Client, type UdpV2Host, type UdpV2Options } from './client.js'
export type { SessionDetails } from './session.js'
