import { aborted, onHangup, type Address, type Host } from '@clymene/runtime'

import type { AgentSetup, AssembledAgent } from './assemble.ts'
import { filesOfConfiguration, textsOfConfiguration, warningsOf, type Configuration } from './configuration.ts'
import { startReloadServer } from './reload-server.ts'
import { createReloader, type Reloader } from './reloader.ts'
import type { Part } from './together.ts'
import { watchConfig } from './watch-config.ts'

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
  readonly host: Pick<Host, 'logger' | 'metrics' | 'readiness' | 'adminAccess'>
  /** How often files are looked at; left out where the default does. */
  readonly watchIntervalMs?: number
}

/**
 * Opens the reload API and gives what is to be run: it reads the configuration anew when somebody asks by POST or SIGHUP or when a file of it
 * changes. All or nothing, over both kinds: what is wrong anywhere leaves everything as it was.
 *
 * @throws ConfigError naming the flag when the port cannot be had.
 */
export async function followConfiguration(options: FollowOptions): Promise<Part> {
  const { host, port, watch } = options
  const { current, reload, isRefused } = createLive(options)
  const way = { flagName: 'http.port', access: host.adminAccess, reload: () => reload('POST /api/reload') }
  const server = port && (await startReloadServer({ ...way, address: port }))
  return async (signal) => {
    // What went wrong stands in the log.
    const endHangup = onHangup(() => void reload('SIGHUP').catch(() => undefined))
    try {
      const files = { texts: () => textsOfConfiguration(current()), files: () => filesOfConfiguration(current()) }
      const interval = options.watchIntervalMs === undefined ? {} : { intervalMs: options.watchIntervalMs }
      if (watch) await watchConfig({ ...files, ...interval, isRefused, reload: () => reload('a file that changed') }, signal)
      else await aborted(signal)
    } finally {
      endHangup()
      await server?.close()
    }
  }
}

type Live = Reloader & { readonly current: () => Configuration }

function createLive({ configuration, read, setup, agent, host }: FollowOptions): Live {
  let current = configuration
  const take = async (): Promise<void> => {
    const next = read()
    const sameLogs = JSON.stringify(next.logTexts) === JSON.stringify(current.logTexts)
    await agent.reload(sameLogs ? { scrapeConfigs: next.scrapeConfigs } : next)
    current = sameLogs ? { ...next, logConfigs: current.logConfigs } : next
    for (const warning of warningsOf(next, setup)) host.logger.warn(warning)
  }
  return { current: () => current, ...createReloader({ take, ...host }) }
}
