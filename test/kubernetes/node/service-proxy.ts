import { connect, createServer, type Server } from 'node:net'

import type { Endpoint, EndpointSlice, Service } from '../objects.ts'

/** What kube-proxy is: ClusterIPs and NodePorts of this node, over TCP, to a ready endpoint chosen by chance. Source addresses are lost. */
export function createServiceProxy() {
  const listeners = new Map<string, Server>()
  let services: readonly Service[] = []
  let slices: readonly EndpointSlice[] = []

  const update = (): void => {
    const wanted = new Map<string, { host: string; port: number; endpoints: () => string[] }>()
    for (const service of services)
      for (const { name, port, nodePort, protocol = 'TCP' } of service.spec.ports ?? []) {
        if (protocol !== 'TCP') continue
        const endpoints = (): string[] => endpointsOf(slices, service, name)
        // Where nobody is behind it, nobody listens: connections are refused.
        if (endpoints().length === 0) continue
        const { clusterIP = 'None' } = service.spec
        if (clusterIP !== 'None') wanted.set(`${clusterIP}:${port}`, { host: clusterIP, port, endpoints })
        if (nodePort !== undefined) wanted.set(`0.0.0.0:${nodePort}`, { host: '0.0.0.0', port: nodePort, endpoints })
      }
    for (const [address, server] of listeners)
      if (!wanted.has(address)) {
        server.close()
        listeners.delete(address)
      }
    for (const [address, { host, port, endpoints }] of wanted)
      if (!listeners.has(address)) listeners.set(address, forward(host, port, endpoints))
  }

  return {
    services: () => services,
    setServices: (all: Iterable<Service>): void => {
      services = [...all]
      update()
    },
    setSlices: (all: Iterable<EndpointSlice>): void => {
      slices = [...all]
      update()
    },
    /** Addresses of ready endpoints, for the names of headless Services; by host name where they have one. */
    addressesOf: (service: Service): { hostname: string | undefined; address: string }[] =>
      slicesOf(slices, service).flatMap(({ endpoints }) =>
        (endpoints ?? []).filter(isReady).flatMap(({ addresses, hostname }) => addresses.map((address) => ({ hostname, address }))),
      ),
  }
}

export type ServiceProxy = ReturnType<typeof createServiceProxy>

function forward(host: string, port: number, endpoints: () => string[]): Server {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const all = endpoints()
    const [address = '', to = '0'] = (all[Math.floor(Math.random() * all.length)] ?? '').split(' ')
    if (address === '') return void client.resetAndDestroy()
    const endpoint = connect({ host: address, port: Number(to), allowHalfOpen: true, noDelay: true })
    client.setNoDelay(true)
    client.pipe(endpoint).pipe(client)
    client.on('error', () => endpoint.destroy())
    endpoint.on('error', () => client.resetAndDestroy())
    endpoint.on('close', () => client.destroy())
    client.on('close', () => endpoint.destroy())
    return undefined
  })
  server.on('error', (error) => process.stderr.write(`proxy of ${host}:${port}: ${error.message}\n`))
  return server.listen(port, host)
}

/** `address port` of each ready endpoint of that port. */
const endpointsOf = (slices: readonly EndpointSlice[], service: Service, portName: string | undefined): string[] =>
  slicesOf(slices, service).flatMap(({ endpoints, ports }) => {
    const port = ports?.find(({ name }) => (name ?? '') === (portName ?? ''))?.port
    return port === undefined
      ? []
      : (endpoints ?? []).filter(isReady).flatMap(({ addresses }) => addresses.map((address) => `${address} ${port}`))
  })

const slicesOf = (slices: readonly EndpointSlice[], { metadata }: Service): EndpointSlice[] =>
  slices.filter(
    (slice) => slice.metadata.namespace === metadata.namespace && slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name,
  )

const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready !== false
