import { createSocket } from 'node:dgram'

import type { ServiceProxy } from './service-proxy.ts'

const DOMAIN = '.svc.cluster.local'
const [NO_ERROR, NO_SUCH_NAME] = [0, 3]
const [A, IN] = [1, 1]

/**
 * The cluster's name server, as far as addresses go: `service.namespace.svc.cluster.local` is the ClusterIP, of a headless
 * Service the ready endpoints, `host.service.…` one of them. Everything else does not exist.
 */
export function serveNames(address: string, proxy: ServiceProxy): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('message', (message, { address: to, port }) => {
    const answer = answerTo(message, (name) => addressesOf(name, proxy))
    if (answer !== undefined) socket.send(answer, port, to)
  })
  return new Promise((resolve) => socket.bind(53, address, () => resolve()))
}

/** undefined: there is no such name. */
function addressesOf(name: string, proxy: ServiceProxy): string[] | undefined {
  const lower = name.toLowerCase()
  if (!lower.endsWith(DOMAIN)) return undefined
  const labels = lower.slice(0, -DOMAIN.length).split('.')
  const [service, namespace] = labels.slice(-2)
  const [host] = labels.length === 3 ? labels : []
  const found = proxy.services().find(({ metadata }) => metadata.name === service && metadata.namespace === namespace)
  if (found === undefined || labels.length > 3) return undefined
  const { clusterIP = 'None' } = found.spec
  if (clusterIP !== 'None') return host === undefined ? [clusterIP] : undefined
  const endpoints = proxy.addressesOf(found).filter(({ hostname }) => host === undefined || hostname === host)
  return endpoints.length === 0 ? undefined : endpoints.map((endpoint) => endpoint.address)
}

/*
 * RFC 1035 §4.1: id u16 | flags u16 | questions u16 | answers u16 | authorities u16 | additional u16,
 * then the question: labels (length, bytes)…, 0 | type u16 | class u16.
 */
function answerTo(query: Buffer, find: (name: string) => string[] | undefined): Buffer | undefined {
  if (query.length < 17 || query.readUInt16BE(4) !== 1) return undefined
  const labels: string[] = []
  let at = 12
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const end = at + 5
  const addresses = find(labels.join('.'))
  const asksForAddress = query.readUInt16BE(at + 1) === A
  const found = asksForAddress ? (addresses ?? []) : []
  const head = Buffer.alloc(12)
  head.writeUInt16BE(query.readUInt16BE(0), 0)
  // An authoritative response; recursion as it was asked for, and offered.
  head.writeUInt16BE(0x8480 | (query.readUInt16BE(2) & 0x0100) | (addresses === undefined ? NO_SUCH_NAME : NO_ERROR), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(found.length, 6)
  const records = found.map((address) => {
    const record = Buffer.alloc(16)
    // The name is that at offset 12.
    record.writeUInt16BE(0xc00c, 0)
    record.writeUInt16BE(A, 2)
    record.writeUInt16BE(IN, 4)
    record.writeUInt32BE(5, 6)
    record.writeUInt16BE(4, 10)
    record.set(address.split('.').map(Number), 12)
    return record
  })
  return Buffer.concat([head, query.subarray(12, end), ...records])
}
