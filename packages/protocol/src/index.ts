/**
 * Version 2 of the UDP protocol (`docs/protocols/udp-v2.md`) and of the TCP protocol (`docs/protocols/tcp-v2.md`) as functions of bytes, for both sides. No sockets
 * and no clocks are in here.
 *
 * ```ts
 * import { readDatagram, readHello } from '@streamer/protocol'
 *
 * socket.on('message', (bytes) => {
 *   const hello = readHello(bytes)
 *   if (hello !== undefined) console.log(`wants ${hello.stream || 'the first stream'}`)
 *   else console.log(readDatagram(bytes)?.type ?? 'none of version 2')
 * })
 * ```
 * @packageDocumentation
 */
export { hasQuickSealing, tagLength } from './aead.js'
export {
  CodecNumber,
  RefusalReason,
  type Refused,
  type Retry,
  readRefused,
  readRetry,
  readWelcome,
  type Welcome,
  writeRefused,
  writeRetry,
  writeWelcome
} from './answers.js'
export { ByeReason, challengeLength, maxResend, readResend, writeResend } from './control.js'
export { type Data, DataFlag, type DataHead, dataHeadLength, readData, setShardIndex, writeDataHead } from './data.js'
export {
  type Datagram,
  DatagramType,
  type DatagramTypeNumber,
  headerLength,
  magic,
  newDatagram,
  readDatagram,
  version
} from './datagram.js'
export { Inbound, Outbound, type Received, type Rejection, sessionTokenLength } from './direction.js'
export { type Hello, type ReceivedHello, readHello, registerWord, writeHello } from './hello.js'
export {
  type DirectionKeys,
  directionKeys,
  isProof,
  makeProof,
  maxNameLength,
  minKeyLength,
  nonceLength,
  parseKey,
  proofLength,
  type Side
} from './keys.js'
export { difference, expandNumber } from './packet-number.js'
export { type KeyOptions, type Keys, readKeys } from './read-keys.js'
export {
  type ProtocolRecord,
  type RecordProblem,
  RecordReader,
  RecordType,
  type RecordTypeNumber,
  RecordWriter,
  recordHeaderLength
} from './records.js'
export { ReplayWindow } from './replay-window.js'
export { type Clock, type Report, readClock, readReport, writeClock, writeReport } from './reports.js'
export { blocksOf, maxParity, type ShardLayout, shardLayout, shardPlace } from './shards.js'
export {
  readTcpFrame,
  readTcpHello,
  readTcpRefused,
  readTcpWelcome,
  type TcpFrameHead,
  type TcpHello,
  type TcpWelcome,
  tcpFrameHeadLength,
  writeTcpFrameHead,
  writeTcpHello,
  writeTcpRefused,
  writeTcpWelcome
} from './tcp.js'
export { AddressTokens, tokenLength, tokenLifeMs } from './token.js'
