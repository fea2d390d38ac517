import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import { cached } from '../engines/cache.ts'
import { lokiProgram } from '../engines/loki.ts'
import { nodeExporterProgram } from '../engines/node-exporter.ts'
import { prometheusProgram } from '../engines/prometheus.ts'
import { builtImage } from '../images/built-image.ts'
import type { Image, Images } from './images.ts'
import { makeStoreImages } from './store-images.ts'

const root = join(import.meta.dirname, '../..')
const NODE = { from: process.execPath, to: '/usr/local/bin/node' }
const UNDICI = dirname(createRequire(import.meta.url).resolve('undici'))
const SERVICES = ['agent', 'gateway', 'ingester'] as const

/** The images that the manifests name: our services as their Dockerfiles say, the others by this machine's programs and what is laid out under `directory`. */
export async function makeImages(directory: string): Promise<Images> {
  const services = await Promise.all(
    SERVICES.map(async (service): Promise<[string, Image]> => {
      const files = await builtImage(service)
      return [`bourbonkk/clymene-${service}`, imageOfDockerfile(readFileSync(join(root, 'services', service, 'Dockerfile'), 'utf8'), files)]
    }),
  )
  return {
    ...Object.fromEntries(services),
    'kube-state-metrics/kube-state-metrics': {
      files: [NODE, { from: import.meta.dirname, to: '/opt/kubernetes' }, { from: UNDICI, to: '/opt/node_modules/undici' }],
      entrypoint: ['node', '/opt/kubernetes/kube-state-metrics.ts'],
      user: 65_534,
    },
    'prom/node-exporter': { ...program(nodeExporterProgram, '/bin/node_exporter'), user: 65_534 },
    'prom/prometheus': { ...program(prometheusProgram, '/bin/prometheus'), user: 65_534, folders: ['/prometheus'] },
    ...makeStoreImages(directory, NODE),
    'grafana/loki': { ...program(cached(lokiProgram), '/usr/bin/loki'), user: 10_001 },
    'example/shop': {
      files: [NODE, { from: import.meta.dirname, to: '/opt/kubernetes' }],
      entrypoint: ['node', '/opt/kubernetes/shop.ts'],
      user: 1000,
    },
    busybox: { files: [], entrypoint: ['sh'] },
  }
}

/** Go collects garbage a third as often as by default: memory for CPU time. */
const LAZY_COLLECTOR = { GOGC: '300' }

const program = (from: string, name: string): Image => {
  const to = name.replace(/^(\/usr)?\/bin\//, '/usr/local/bin/')
  return { files: [{ from, to }], entrypoint: [to], environment: LAZY_COLLECTOR }
}

/** What the last stage of a service's Dockerfile says: `/image` of the stage before is `files`, Node is where its base image has it. */
export function imageOfDockerfile(text: string, files: string): Image {
  const last = text.slice(text.lastIndexOf('\nFROM ')).split('\n')
  const valuesOf = (instruction: string): string[] =>
    last.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1).trim())
  const only = (instruction: string): string => {
    const [value, ...more] = valuesOf(instruction)
    if (value === undefined || more.length > 0)
      throw new Error(`the Dockerfile has ${more.length + 1} lines ${instruction}, one is expected`)
    return value
  }
  // Of the journal's program the machine's own stands in, as all of Debian does.
  const copies = valuesOf('COPY').filter((copy) => copy !== '--from=journalctl /files /')
  const folders = copies.flatMap((copy) => /^--from=build --chown=\d+:\d+ \/state (\S+)$/.exec(copy)?.[1] ?? [])
  const [copied, ...others] = copies.flatMap((copy) => /^--from=build \/image (\S+)$/.exec(copy)?.[1] ?? [])
  const [user = '', group = ''] = only('USER').split(':')
  const entrypoint: unknown = JSON.parse(only('ENTRYPOINT'))
  if (copied === undefined || others.length > 0 || copies.length !== 1 + folders.length || !Array.isArray(entrypoint))
    throw new Error('the Dockerfile copies or starts something else than is known here')
  const environment = valuesOf('ENV').flatMap((line) => line.split(/\s+/))
  if (valuesOf('RUN').length > 0) throw new Error('the last stage of the Dockerfile runs something: here nothing is run')
  return {
    files: [NODE, { from: files, to: copied }],
    entrypoint: entrypoint.map(String),
    environment: Object.fromEntries(
      environment.map((pair) => {
        const [name = '', value = ''] = pair.split('=')
        return [name, value.replace('$PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin').replace(/\$\w+/, '')]
      }),
    ),
    user: Number(user),
    group: Number(group),
    folders,
    directory: valuesOf('WORKDIR')[0] ?? '/',
  }
}
