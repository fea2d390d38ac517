import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freePort } from '@clymene/runtime/testing'

import { cached, makeCached } from './cache.ts'
import { makeDataDirectory } from './data-directory.ts'
import { answers, type Engine, startEngine } from './engine.ts'
import { isOnPath, runCommand } from './run-command.ts'

export type LokiOptions = {
  /** From `freePort()`, when something has to know the address before the start; default a free one. */
  readonly port?: number
  /** Ask for an X-Scope-OrgID header; default false. */
  readonly multiTenant?: boolean
  /** Entries of `limits_config`; they win over ours, which refuse next to nothing. */
  readonly limits?: Readonly<Record<string, string | number | boolean>>
}

const VERSION = '3.7.8'
export const lokiProgram = `bin/loki-${VERSION}`

export const isLokiInstalled = (): boolean => existsSync(cached(lokiProgram))

/** Builds it from its Go module, about 12 CPU-minutes; go.mod and go.sum here pin every module. */
export async function installLoki(): Promise<void> {
  if (!(await isOnPath('go'))) throw new Error('Loki is built by the Go toolchain, 1.21 or newer, and there is no go here')
  const setVersion = `-X github.com/grafana/loki/v3/pkg/util/build.Version=${VERSION}`
  await makeCached(lokiProgram, async (path) => {
    await runCommand(
      'nice',
      ['-n', '5', 'go', 'build', '-trimpath', '-ldflags', `-s -w ${setVersion}`, '-o', path, 'github.com/grafana/loki/v3/cmd/loki'],
      { directory: join(import.meta.dirname, 'loki'), environment: { CGO_ENABLED: '0' } },
    )
  })
}

/** The whole of Loki in one process, its store in files. */
export async function startLoki({ multiTenant = false, limits = {}, port }: LokiOptions = {}): Promise<Engine> {
  const directory = makeDataDirectory('loki')
  const [http, grpc] = [port ?? (await freePort()), await freePort()]
  // JSON is YAML: no library needed to write it.
  writeFileSync(join(directory, 'loki.yml'), JSON.stringify(configuration(directory, http, grpc, multiTenant, limits)))
  return startEngine({
    name: 'Loki',
    url: `http://127.0.0.1:${http}`,
    directory,
    command: cached(lokiProgram),
    args: [`-config.file=${join(directory, 'loki.yml')}`, '-target=all'],
    isReady: answers(`http://127.0.0.1:${http}/ready`),
  })
}

const configuration = (
  directory: string,
  http: number,
  grpc: number,
  multiTenant: boolean,
  limits: NonNullable<LokiOptions['limits']>,
) => ({
  auth_enabled: multiTenant,
  analytics: { reporting_enabled: false },
  server: {
    http_listen_address: '127.0.0.1',
    http_listen_port: http,
    grpc_listen_address: '127.0.0.1',
    grpc_listen_port: grpc,
    log_level: 'warn',
  },
  common: {
    path_prefix: join(directory, 'data'),
    replication_factor: 1,
    instance_addr: '127.0.0.1',
    storage: { filesystem: { chunks_directory: join(directory, 'data/chunks'), rules_directory: join(directory, 'data/rules') } },
    ring: { instance_addr: '127.0.0.1', kvstore: { store: 'inmemory' } },
  },
  schema_config: {
    configs: [{ from: '2024-01-01', store: 'tsdb', object_store: 'filesystem', schema: 'v13', index: { prefix: 'index_', period: '24h' } }],
  },
  // Without an address the first query after a start waits 5 s for a scheduler.
  frontend_worker: { frontend_address: `127.0.0.1:${grpc}`, dns_lookup_duration: '250ms' },
  ingester: { lifecycler: { min_ready_duration: '0s', final_sleep: '0s' } },
  limits_config: {
    allow_structured_metadata: true,
    reject_old_samples: false,
    ingestion_rate_mb: 1000,
    ingestion_burst_size_mb: 1000,
    per_stream_rate_limit: '1000MB',
    per_stream_rate_limit_burst: '1000MB',
    discover_service_name: [],
    discover_log_levels: false,
    volume_enabled: false,
    ...limits,
  },
})
