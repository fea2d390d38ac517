import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { startService, type Service } from '../e2e/service.ts'
import { freePort } from '../engines/index.ts'
import type { History } from './history.ts'
import { stagesOf } from './lines.ts'
import type { Plan } from './plan.ts'

/** A time in which the agent was not what it had been: killed, stopped, standing still, or made anew by a reload. */
export type Interruption = {
  readonly kind: 'kill' | 'restart' | 'pause' | 'reload'
  readonly atMs: number
  /** When the positions that it starts from were saved; of a kill. */
  readonly savedMs?: number
  /** When it was there again; undefined as long as it is not. */
  untilMs?: number
}

/** The agent of a seed, a process of its own, and what was done to it. */
export type TorturedAgent = {
  readonly service: Service
  readonly interruptions: readonly Interruption[]
  readonly kill: () => Promise<() => Promise<void>>
  readonly halt: () => Promise<() => Promise<void>>
  readonly pause: () => Promise<() => Promise<void>>
  readonly reload: (by: 'post' | 'file') => Promise<void>
  /** Bytes that it says it has lost, in all of its lives. */
  readonly lostBytes: () => number
}

export type TorturedAgentOptions = {
  readonly plan: Plan
  readonly directory: string
  /** Where lines are sent to. */
  readonly logsUrl: string
  readonly globs: readonly string[]
  readonly history: History
}

export async function startTorturedAgent({ plan, directory, logsUrl, globs, history }: TorturedAgentOptions): Promise<TorturedAgent> {
  const config = join(directory, 'promtail.yml')
  const positions = join(directory, 'positions.yaml')
  const reloadPort = await freePort()
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'scrape.yml'), 'scrape_configs: []\n')
  let version = 1
  const writeConfig = (): void => writeFileSync(config, logConfig(plan, positions, globs, version))
  writeConfig()
  const service = await startService('agent', {
    until: 'alive',
    flags: [
      '--storage-type=gateway',
      `--config.file=${join(directory, 'scrape.yml')}`,
      `--promtail.config.file=${config}`,
      `--buffer.dir=${join(directory, 'buffer')}`,
      '--cluster=torture',
      '--agent.id=a1',
      `--agent.streams=${plan.agent.streams}`,
      '--gateway.service-type=http',
      `--gateway.http-client.url=${new URL('/api/metrics', logsUrl).href}`,
      `--gateway.http-client.logs.url=${logsUrl}`,
      '--gateway.http-client.timeout=2s',
      '--clymene-promtail.max-backoff=1s',
      `--clymene-promtail.batch-size-bytes=${plan.agent.batchBytes}`,
      `--clymene-promtail.batch-wait=${plan.agent.batchWaitMs}ms`,
      `--http.port=127.0.0.1:${reloadPort}`,
    ],
  })
  // Rotated files that were there before the first search are an earlier run's.
  while (!existsSync(positions)) await sleep(20)
  const interruptions: Interruption[] = []
  const begin = (kind: Interruption['kind'], more: Pick<Interruption, 'savedMs'> = {}): Interruption => {
    const interruption = { kind, atMs: Date.now(), ...more }
    interruptions.push(interruption)
    return interruption
  }
  const endOf = (interruption: Interruption, what: string, act: () => Promise<void>) => async (): Promise<void> => {
    await act()
    interruption.untilMs = Date.now()
    history.add(`agent ${what}`)
  }
  return {
    service,
    interruptions,
    kill: async () => {
      await service.kill()
      const savedMs = statSync(positions, { throwIfNoEntry: false })?.mtimeMs ?? 0
      const interruption = begin('kill', { savedMs })
      history.add(`agent killed, its positions are ${Math.round(interruption.atMs - savedMs)} ms old`)
      return endOf(interruption, 'is back', service.restart)
    },
    halt: async () => {
      const interruption = begin('restart')
      history.add('agent is told to stop')
      await service.halt()
      history.add('agent has stopped')
      return endOf(interruption, 'is back', service.restart)
    },
    pause: async () => {
      const interruption = begin('pause')
      await service.pause()
      history.add('agent stands still')
      return endOf(interruption, 'goes on', async () => service.resume())
    },
    reload: async (by) => {
      const interruption = begin('reload')
      history.add(`agent reloads by ${by}`)
      version++
      writeConfig()
      if (by === 'post') await askToReload(`http://127.0.0.1:${reloadPort}/api/reload`)
      interruption.untilMs = Date.now()
    },
    lostBytes: () => lostBytesIn(service.log()),
  }
}

/** The agent that has just been started may not listen yet. */
async function askToReload(url: string): Promise<void> {
  const deadline = AbortSignal.timeout(30_000)
  for (;;) {
    const status = await fetch(url, { method: 'POST', signal: deadline }).then(
      (answer) => answer.status,
      (error: unknown) => deadline.throwIfAborted() ?? error,
    )
    if (typeof status === 'number' && status < 500) return
    await sleep(50)
  }
}

/** Each reload has another version, in a job that finds no file. */
const logConfig = (plan: Plan, positions: string, globs: readonly string[], version: number): string => `
positions: {filename: ${positions}}
target_config: {sync_period: ${plan.agent.searchEveryS}s}
scrape_configs:
  - job_name: torture
    pipeline_stages: ${stagesOf(plan.format)}
    static_configs:
${globs.map((glob) => `      - {targets: [localhost], labels: {job: torture, __path__: '${glob}'}}`).join('\n')}
  - job_name: version-${version}
    static_configs: [{targets: [localhost], labels: {job: none, __path__: '/nonexistent/${version}'}}]
`

/** The agent tells each loss with its bytes, as its metric counts them; the metric itself begins anew with each life. */
function lostBytesIn(log: string): number {
  return log
    .split('\n')
    .filter((line) => line.includes('"msg":"lines of a file cannot be read any more"'))
    .reduce((sum, line) => sum + Number(/"lostBytes":(\d+)/.exec(line)?.[1] ?? 0), 0)
}
