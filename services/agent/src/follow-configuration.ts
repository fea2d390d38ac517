import { aborted, type AdminServer, onHangup, type Address, type Host } from '@clymene/runtime'

import type { AgentSetup, AssembledAgent } from './assemble.ts'
import type { ConfigText } from './config-text.ts'
import { filesOfConfiguration, textsOfConfiguration, warningsOf, type Configuration } from './configuration.ts'
import { ownCluster } from './own-cluster.ts'
import { reloadAnswer, startReloadServer } from './reload-server.ts'
import { createReloader, type Reloader } from './reloader.ts'
import type { Part } from './together.ts'
import { signatureOfFiles, watchConfig } from './watch-config.ts'

export type FollowOptions = {
  /** What the agent was made with. */
  readonly configuration: Configuration
  /** Reads it again. @throws ConfigError with every mistake */
  readonly read: () => Configuration
  /** Where the reload API is; undefined: there is none. */
  readonly port: Address | undefined
  /** Whether a change of a file is looked for. */
  readonly watch: boolean
  readonly setup: Pick<AgentSetup, 'cluster' | 'logLabels'>
  readonly agent: Pick<AssembledAgent, 'reload'>
  readonly host: Pick<Host, 'logger' | 'metrics' | 'readiness' | 'adminAccess'> & { readonly admin: Pick<AdminServer, 'act'> }
  /** How often files are looked at; left out where the default does. */
  readonly watchIntervalMs?: number
}

/**
 * Opens the reload API, also on the admin port, and gives what is to be run: it reads the configuration anew when somebody asks by POST or SIGHUP or when a file of it
 * changes. All or nothing, over both kinds: what is wrong anywhere leaves everything as it was.
 *
 * @throws ConfigError naming the flag when the port cannot be had.
 */
export async function followConfiguration(options: FollowOptions): Promise<Part> {
  const { host, port, watch } = options
  const { current, files, reload, refused } = createLive(options)
  for (const path of ADMIN_PATHS)
    host.admin.act(
      path,
      reloadAnswer(host.adminAccess, () => reload(`POST ${path}`)),
    )
  const way = { flagName: 'http.port', access: host.adminAccess, reload: () => reload('POST /api/reload') }
  const server = port && (await startReloadServer({ ...way, address: port }))
  return async (signal) => {
    // What went wrong stands in the log.
    const endHangup = onHangup(() => void reload('SIGHUP').catch(() => undefined))
    try {
      const texts = (): readonly ConfigText[] => textsOfConfiguration(current())
      const interval = options.watchIntervalMs === undefined ? {} : { intervalMs: options.watchIntervalMs }
      if (watch) await watchConfig({ texts, files, ...interval, refused, reload: () => reload('a file that changed') }, signal)
      else await aborted(signal)
    } finally {
      endHangup()
      await server?.close()
    }
  }
}

/** Of Prometheus, of Promtail, and that of the original's own port, on the admin port. */
const ADMIN_PATHS = ['/-/reload', '/reload', '/api/reload'] as const

type Live = Reloader & {
  readonly current: () => Configuration
  /** What would be read now. */
  readonly files: () => readonly string[]
  /** What was refused last, by its signature; '' when it changed meanwhile. */
  readonly refused: () => string | undefined
}

function createLive({ configuration, read, setup, agent, host }: FollowOptions): Live {
  let current = configuration
  let refused: string | undefined
  // The start has told those of the first configuration.
  let told = new Set(warningsOf(configuration, setup).map(withoutLine))
  const clusterOf = (one: Configuration): string => ownCluster({ ...one, ...setup })
  const started = clusterOf(configuration)
  let toldCluster = started
  const tellCluster = (now: string): void => {
    if (now !== started && now !== toldCluster)
      host.logger.warn(
        `this agent goes on to call its own cluster ${nameOf(started)}, as at its start, where the configuration now says ${nameOf(now)}: a restart takes that over`,
      )
    toldCluster = now
  }
  const files = (): readonly string[] => filesOfConfiguration(current)
  const take = async (): Promise<void> => {
    const next = read()
    const sameLogs = JSON.stringify(next.logTexts) === JSON.stringify(current.logTexts)
    await agent.reload(sameLogs ? { scrapeConfigs: next.scrapeConfigs } : next)
    current = sameLogs ? { ...next, logConfigs: current.logConfigs } : next
    const warnings = warningsOf(next, setup)
    for (const warning of warnings) if (!told.has(withoutLine(warning))) host.logger.warn(warning)
    told = new Set(warnings.map(withoutLine))
    tellCluster(clusterOf(current))
  }
  const takeSigned = async (): Promise<void> => {
    const before = await signatureOfFiles(files())
    try {
      await take()
      refused = undefined
    } catch (error) {
      refused = before === (await signatureOfFiles(files())) ? before : ''
      throw error
    }
  }
  return { current: () => current, files, refused: () => refused, reload: createReloader({ take: takeSigned, ...host }).reload }
}

/** As jobs say it: none when they name several, or take it from targets. */
const nameOf = (cluster: string): string => (cluster === '' ? 'none' : JSON.stringify(cluster))

/** The same warning stands in another line when something before it changed. */
const withoutLine = (warning: string): string => warning.replace(/:\d+: /, ': ')
