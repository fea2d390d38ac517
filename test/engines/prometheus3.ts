import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'

import { cached, makeCached } from './cache.ts'
import { makeDataDirectory } from './data-directory.ts'
import { answers, type Engine, startEngine } from './engine.ts'
import { isOnPath, runCommand } from './run-command.ts'

export type Prometheus3Options = {
  /** From `freePort()`, when something has to know the address before the start; default a free one. */
  readonly port?: number
  /** Agent mode: it scrapes and sends by `remote_write`, and stores nothing that could be asked for. */
  readonly agent?: boolean
  /** Its configuration; default: nothing is scraped. */
  readonly configuration?: Readonly<Record<string, unknown>>
  /** Further arguments of the command line. */
  readonly args?: readonly string[]
}

const VERSION = '3.15.0'
export const prometheus3Program = `bin/prometheus-${VERSION}`

export const isPrometheus3Installed = (): boolean => existsSync(cached(prometheus3Program))

/** Builds it from its Go module, about 10 CPU-minutes; go.mod and go.sum here pin every module. The page is left out: it is not in the module. */
export async function installPrometheus3(): Promise<void> {
  if (!(await isOnPath('go'))) throw new Error('Prometheus 3 is built by the Go toolchain, 1.21 or newer, and there is no go here')
  const setVersion = `-X github.com/prometheus/common/version.Version=${VERSION}`
  await makeCached(prometheus3Program, async (path) => {
    await runCommand(
      'nice',
      ['-n', '5', 'go', 'build', '-ldflags', `-s -w ${setVersion}`, '-o', path, 'github.com/prometheus/prometheus/cmd/prometheus'],
      { directory: join(import.meta.dirname, 'prometheus3') },
    )
  })
}

/** Prometheus 3.15, beside the Debian one of {@link startPrometheus}. It takes remote write under /api/v1/write, unless it is an agent. */
export async function startPrometheus3({
  agent = false,
  configuration = {},
  args = [],
  ...options
}: Prometheus3Options = {}): Promise<Engine> {
  const directory = makeDataDirectory('prometheus3')
  const port = options.port ?? (await freePort())
  // JSON is YAML: no library needed to write it.
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(configuration))
  return startEngine({
    name: 'Prometheus 3',
    url: `http://127.0.0.1:${port}`,
    directory,
    command: cached(prometheus3Program),
    args: [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      ...(agent
        ? ['--agent', `--storage.agent.path=${join(directory, 'data')}`]
        : [`--storage.tsdb.path=${join(directory, 'data')}`, '--web.enable-remote-write-receiver']),
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-lifecycle',
      '--log.level=warn',
      ...args,
    ],
    isReady: answers(`http://127.0.0.1:${port}/-/ready`),
  })
}
