import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ImageService } from '../../tools/image-files.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'
import { startEngine, type Engine } from '../engines/engine.ts'
import { freePort } from '../engines/index.ts'
import { builtImage } from '../images/built-image.ts'

export type ServiceName = 'agent' | 'gateway' | 'ingester' | 'promtail' | 'promtail-gateway' | 'promtail-ingester'

/** One of our services as a process of its own, with its admin port. */
export type Service = Engine & {
  readonly readyz: () => Promise<{ readonly status: number; readonly text: string }>
  /** Sum of the series of a metric that carry these labels. */
  readonly metric: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number>
  /** Most memory it ever had, bytes (VmHWM). */
  readonly peakMemory: () => number
}

export type ServiceOptions = {
  readonly flags: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** `ready` waits for /readyz, `alive` for the admin port alone: when what it needs comes later. */
  readonly until?: 'ready' | 'alive'
}

/** The services and their executables, by the image that has them. */
const IMAGES = {
  agent: ['agent', 'clymene-agent'],
  promtail: ['agent', 'promtail'],
  gateway: ['gateway', 'clymene-gateway'],
  'promtail-gateway': ['gateway', 'promtail-gateway'],
  ingester: ['ingester', 'clymene-ingester'],
  'promtail-ingester': ['ingester', 'promtail-ingester'],
} as const satisfies Readonly<Record<ServiceName, readonly [ImageService, string]>>

/** As in its image: it is there in half of the CPU time that its sources take, of which the tests of `clymene` and the all-in-one have enough. */
export async function startService(name: ServiceName, { flags, environment = {}, until = 'ready' }: ServiceOptions): Promise<Service> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const directory = makeDataDirectory(name)
  const [image, executable] = IMAGES[name]
  const engine = await startEngine({
    name,
    url,
    directory,
    command: process.execPath,
    args: [join(await builtImage(image), 'bin', executable), `--admin.http.host-ports=127.0.0.1:${port}`, ...flags],
    environment,
    isReady: async (signal) => (await fetch(`${url}/${until === 'ready' ? 'readyz' : 'livez'}`, { signal })).ok,
  })
  return {
    ...engine,
    get pid() {
      return engine.pid
    },
    readyz: async () => {
      const response = await fetch(`${url}/readyz`)
      return { status: response.status, text: await response.text() }
    },
    metric: async (metric: string, labels: Readonly<Record<string, string>> = {}) =>
      sumOf(await (await fetch(`${url}/metrics`)).text(), metric, labels),
    peakMemory: () => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${engine.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024,
  }
}

function sumOf(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
