import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { makeDataDirectory } from '../engines/data-directory.ts'
import { startEngine, type Engine } from '../engines/engine.ts'
import { freePort } from '../engines/index.ts'
import { builtImage } from '../images/built-image.ts'
import { sumOf } from './exposed.ts'

export const root = join(import.meta.dirname, '../..')
export const node = join(root, 'node_modules/.bin/node')
/** Starts as `npm start` does: from its sources. */
export const main = join(root, 'services/all-in-one/src/main.ts')
/** As in its image: it is there in half of the CPU time. */
export const builtMain = async (): Promise<string> => join(await builtImage('all-in-one'), 'bin/clymene-all-in-one')

/** The flag of each port, and the port that it is given. */
export type Ports = Readonly<Record<(typeof PORT_FLAGS)[number], number>>

export const PORT_FLAGS = [
  'page.http.host-port',
  'gateway.http-server.host-port',
  'gateway.grpc-server.host-port',
  'agent.admin.http.host-ports',
  'gateway.admin.http.host-ports',
  'ingester.admin.http.host-ports',
  'http.port',
] as const

export async function pickPorts(): Promise<Ports> {
  const picked = await Promise.all(PORT_FLAGS.map(async (flag) => [flag, await freePort()] as const))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made from all of the names
  return Object.fromEntries(picked) as Ports
}

export const portFlags = (ports: Ports): readonly string[] => Object.entries(ports).map(([flag, port]) => `--${flag}=127.0.0.1:${port}`)

/** A folder of a test with a place for data and one for log files. */
export function makeWorld(name: string) {
  const directory = mkdtempSync(join(tmpdir(), `clymene-${name}-`))
  const logs = join(directory, 'logs')
  mkdirSync(logs)
  return {
    directory,
    data: join(directory, 'data'),
    logs,
    /** What an all-in-one is told so that it touches nothing else. */
    flags: [`--data.dir=${join(directory, 'data')}`, `--host.logs=${logs}/**/*.log`],
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** What the page's JSON says of a line. */
export type PageLine = {
  readonly timestampNs: string
  readonly labels: Readonly<Record<string, string>>
  readonly line: string
  readonly cursor: string
}
export type PageSeries = { readonly labels: Readonly<Record<string, string>>; readonly points: readonly (readonly [number, number])[] }
export type PageHop = {
  readonly name: string
  readonly storage: boolean
  readonly ready: boolean
  readonly reasons: readonly string[]
  readonly metrics: number
  readonly logs: number
  readonly errors: number
  readonly lag?: number
}

export type PageApi = {
  readonly flow: () => Promise<readonly PageHop[]>
  readonly range: (parameters: Readonly<Record<string, string | number>>) => Promise<readonly PageSeries[]>
  /** Every line that the store has of a selector, oldest first. */
  readonly lines: (match: string, text?: string) => Promise<readonly PageLine[]>
  readonly stats: () => Promise<Readonly<Record<string, number>>>
}

export function pageApi(url: string): PageApi {
  const lines = async (match: string, text: string): Promise<PageLine[]> => {
    const found: PageLine[] = []
    for (;;) {
      const before = found.at(-1)?.cursor
      const page: readonly PageLine[] = (
        await get(url, '/api/logs', { match, text, limit: 1000, ...(before === undefined ? {} : { before }) })
      ).lines
      found.push(...page)
      if (page.length < 1000) return found.toReversed()
    }
  }
  return {
    flow: async () => (await get(url, '/api/flow', {})).hops,
    range: async (parameters) => (await get(url, '/api/range', parameters)).series,
    lines: (match, text = '') => lines(match, text),
    stats: () => get(url, '/api/stats', {}),
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- what the answer holds is picked apart by its callers
async function get(url: string, path: string, parameters: Readonly<Record<string, string | number>>): Promise<any> {
  const query = new URLSearchParams(Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]))
  const response = await fetch(`${url}${path}?${query.toString()}`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
  return JSON.parse(text)
}

export type AllInOne = Engine &
  PageApi & {
    readonly ports: Ports
    /** Sum of the series of an own metric of one of the services. */
    readonly metric: (
      component: 'agent' | 'gateway' | 'ingester',
      name: string,
      labels?: Readonly<Record<string, string>>,
    ) => Promise<number>
  }

export type AllInOneOptions = {
  readonly flags: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Default `builtMain`. */
  readonly program?: string
}

/** An all-in-one as a process of its own on ports of its own; ready when its page answers. */
export async function startAllInOne({ flags, environment = {}, program }: AllInOneOptions): Promise<AllInOne> {
  const ports = await pickPorts()
  const url = `http://127.0.0.1:${ports['page.http.host-port']}`
  const engine = await startEngine({
    name: 'all-in-one',
    url,
    directory: makeDataDirectory('all-in-one'),
    command: node,
    args: [program ?? (await builtMain()), ...portFlags(ports), ...flags],
    environment,
    isReady: async (signal) => (await fetch(`${url}/api/flow`, { signal })).ok,
  })
  return {
    ...engine,
    get pid() {
      return engine.pid
    },
    ...pageApi(url),
    ports,
    metric: async (component, name, labels = {}) =>
      sumOf(await (await fetch(`http://127.0.0.1:${ports[`${component}.admin.http.host-ports`]}/metrics`)).text(), name, labels),
  }
}
