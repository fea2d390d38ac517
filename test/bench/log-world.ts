import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { startService, type Service } from '../e2e/service.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'
import { makeLines, type LineForm } from './log-lines.ts'
import { startProgram } from './program.ts'
import type { LogSinkAnswer, LogSinkQuestion } from './programs/log-sink.ts'

/** Files that are written, the agent that reads them, and a gateway that takes everything, each a process of its own. */
export type LogWorld = {
  readonly agent: Pick<Service, 'pid'>
  /** Appends so many lines to each file. */
  readonly append: (linesEach: number) => void
  /** Resolves when the gateway has every line that was written. @throws Error when it takes too long, or has more */
  readonly delivered: (withinSeconds: number) => Promise<void>
  readonly lines: () => number
  readonly close: () => Promise<void>
}

export type LogWorldOptions = {
  readonly files: number
  readonly form: LineForm
  /** `pipeline_stages` of the one job. */
  readonly stages: readonly unknown[]
  readonly start?: (flags: readonly string[]) => Promise<LogAgent>
}

export type LogAgent = { readonly pid: number; readonly stop: () => Promise<void> }

const LINES_PER_WRITE = 5000

export async function createLogWorld({ files, form, stages, start = startAgent }: LogWorldOptions): Promise<LogWorld> {
  const directory = makeDataDirectory('logs-bench')
  const paths = Array.from({ length: files }, (_, index) => {
    const pod = join(directory, 'pods', `shop_web-${index}_${index}`, 'web')
    mkdirSync(pod, { recursive: true })
    return join(pod, '0.log')
  })
  for (const path of paths) writeFileSync(path, '')
  const sink = startProgram<LogSinkQuestion, LogSinkAnswer>('log-sink')
  const { port } = await sink.ask('listen')
  writeFileSync(join(directory, 'promtail.yml'), JSON.stringify(configurationOf(directory, stages)))
  const agent = await start([
    `--promtail.config.file=${join(directory, 'promtail.yml')}`,
    `--buffer.dir=${join(directory, 'buffer')}`,
    '--cluster=bench',
    '--gateway.service-type=http',
    `--gateway.http-client.url=http://127.0.0.1:${port}/api/metrics`,
    `--gateway.http-client.logs.url=http://127.0.0.1:${port}/api/logs`,
  ])
  let each = 0
  const lines = (): number => each * files
  return {
    agent,
    lines,
    append: (linesEach) => {
      for (let end = each + linesEach; each < end;) {
        const count = Math.min(LINES_PER_WRITE, end - each)
        const bytes = makeLines(form, each, count)
        for (const path of paths) appendFileSync(path, bytes)
        each += count
      }
    },
    delivered: async (withinSeconds) => {
      const deadline = Date.now() + withinSeconds * 1000
      for (;;) {
        const { entries } = await sink.ask('count')
        if (entries === lines()) return
        if (entries > lines() || Date.now() > deadline) throw new Error(`${lines()} lines were written and ${entries} came`)
        await sleep(20)
      }
    },
    close: async () => {
      await agent.stop()
      await sink.stop()
    },
  }
}

const startAgent = (flags: readonly string[]): Promise<LogAgent> =>
  startService('agent', { environment: { STORAGE_TYPE: 'gateway' }, flags })

const configurationOf = (directory: string, stages: readonly unknown[]) => ({
  positions: { filename: join(directory, 'positions.yaml') },
  scrape_configs: [
    {
      job_name: 'pods',
      pipeline_stages: stages,
      static_configs: [
        {
          targets: ['localhost'],
          labels: { job: 'pods', namespace: 'shop', app: 'web', node_name: 'worker-3', __path__: join(directory, 'pods/*/*/*.log') },
        },
      ],
    },
  ],
})
