import { createSocket } from 'node:dgram'
import { createServer, type AddressInfo } from 'node:net'

/** What a name server has for a name and type: records, or how it fails. Names that are absent are NXDOMAIN. */
export type Zone = {
  /** `<name> <type>`, the name without the last dot, to the data of the records: `10.0.0.1`, `10 5 9100 host` (SRV), `10 host` (MX), `host` (NS, CNAME). */
  readonly records: Readonly<Record<string, readonly string[]>>
  /** Names that are there without records of the type that is asked for. */
  readonly names?: readonly string[]
  readonly servfail?: readonly string[]
  /** Records in the answer in front of the others, as of a name that stands for another. */
  readonly alias?: Readonly<Record<string, string>>
}

export type NameServer = {
  /** `address:port` */
  readonly address: string
  /** `<name> <type>` of each question, in order; those by TCP with ` tcp`. */
  readonly asked: readonly string[]
  zone: Zone
  /** It reads questions and says nothing. */
  silent: boolean
  /** `asked` begins anew. */
  readonly forget: () => void
  readonly close: () => Promise<void>
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 2: 'NS', 5: 'CNAME', 15: 'MX', 28: 'AAAA', 33: 'SRV' }
const NUMBERS = new Map(Object.entries(TYPES).map(([number, type]) => [type, Number(number)]))
/** RFC 1035 §4.2.1 */
const LONGEST_DATAGRAM = 512
const [NOERROR, SERVFAIL, NXDOMAIN] = [0, 2, 3]

/** A name server over UDP and TCP (RFC 1035) that answers from a zone; long answers come by TCP only. */
export async function startNameServer(zone: Zone): Promise<NameServer> {
  const asked: string[] = []
  const udp = createSocket('udp4')
  const tcp = createServer()
  // The same port for both, as resolvers expect it.
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has an AddressInfo
  const { port } = tcp.address() as AddressInfo
  await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, '127.0.0.1', resolve))
  const server = {
    address: `127.0.0.1:${port}`,
    asked,
    zone,
    silent: false,
    forget: (): void => void asked.splice(0),
    close: async (): Promise<void> => {
      await new Promise<void>((resolve) => udp.close(() => resolve()))
      await new Promise<void>((resolve) => tcp.close(() => resolve()))
    },
  }
  udp.on('message', (query, from) => {
    const answer = answerOf(query, server.zone, asked, '')
    if (server.silent) return
    udp.send(answer.length > LONGEST_DATAGRAM ? truncated(answer, query) : answer, from.port, from.address)
  })
  tcp.on('connection', (socket) => {
    let received = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (part: Buffer) => {
      received = Buffer.concat([received, part])
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = received.readUInt16BE(0)
        const answer = answerOf(received.subarray(2, 2 + length), server.zone, asked, ' tcp')
        received = received.subarray(2 + length)
        if (server.silent) continue
        const prefix = Buffer.alloc(2)
        prefix.writeUInt16BE(answer.length)
        socket.write(Buffer.concat([prefix, answer]))
      }
    })
  })
  return server
}

/** Layout (RFC 1035 §4.1): id 2, flags 2, four counts of 2; question: name, type 2, class 2. */
function answerOf(query: Buffer, zone: Zone, asked: string[], note: string): Buffer {
  const { name, end } = readName(query, 12)
  const type = TYPES[query.readUInt16BE(end)] ?? '?'
  asked.push(`${name} ${type}${note}`)
  const records = zone.records[`${name} ${type}`]
  const isThere = records !== undefined || zone.names?.includes(name) === true
  const code = zone.servfail?.includes(name) === true ? SERVFAIL : isThere ? NOERROR : NXDOMAIN
  const other = zone.alias?.[name]
  const answers = code === NOERROR ? (records ?? []).map((data) => record(other ?? name, type, data)) : []
  if (other !== undefined && code === NOERROR) answers.unshift(record(name, 'CNAME', other))
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // Response, recursion desired and available.
  header.writeUInt16BE(0x8180 | code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(answers.length, 6)
  return Buffer.concat([header, query.subarray(12, end + 4), ...answers])
}

/** The question with the flag TC: ask again by TCP. */
function truncated(answer: Buffer, query: Buffer): Buffer {
  const short = Buffer.from(answer.subarray(0, readName(query, 12).end + 4))
  short.writeUInt16BE(short.readUInt16BE(2) | 0x0200, 2)
  short.writeUInt16BE(0, 6)
  return short
}

/** Layout: name, type 2, class 2, TTL 4, length 2, data. */
function record(name: string, type: string, text: string): Buffer {
  const data = dataOf(type, text.split(' '))
  const middle = Buffer.alloc(10)
  middle.writeUInt16BE(NUMBERS.get(type) ?? 0, 0)
  middle.writeUInt16BE(1, 2)
  middle.writeUInt32BE(60, 4)
  middle.writeUInt16BE(data.length, 8)
  return Buffer.concat([encodedName(name), middle, data])
}

function dataOf(type: string, words: readonly string[]): Buffer {
  const host = encodedName(words.at(-1) ?? '')
  const numbers = Buffer.alloc((words.length - 1) * 2)
  for (const [index, word] of words.slice(0, -1).entries()) numbers.writeUInt16BE(Number(word), index * 2)
  if (type === 'A') return Buffer.from((words[0] ?? '').split('.').map(Number))
  if (type === 'AAAA') return Buffer.from((words[0] ?? '').replaceAll(':', ''), 'hex')
  return Buffer.concat([numbers, host])
}

const encodedName = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .split('.')
      .filter((label) => label !== '')
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ])

function readName(message: Buffer, start: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = start
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}
