import { ledgerReport } from '@clymene/ledger'
import { PermanentError, type Delivery, type Kind, type Sink } from '@clymene/model'
import type { Command, Host } from '@clymene/runtime'
import {
  createDirectSink,
  createStorageCommand,
  openStorages,
  type CommandName,
  type OpenedStorages,
  type ServiceFlags,
} from '@clymene/storages'

import { gatewayAuthFlags, gatewayLimitFlags, gatewayServerFlags } from './flags.ts'
import { checkCredentials, startGateway, type GatewayOptions } from './gateway.ts'

const flags = { ...gatewayServerFlags, ...gatewayAuthFlags, ...gatewayLimitFlags }

/** The gateway as a process. `promtail-gateway` is the same, limited to logs. */
export const gatewayCommand: Command = commandOf({
  name: 'gateway',
  summary: 'takes metrics and logs over HTTP and gRPC and answers when the bus or its storages have them',
})

export const promtailGatewayCommand: Command = commandOf({
  name: 'promtail-gateway',
  summary: 'the gateway, limited to logs',
  onlyKinds: ['logs'],
})

function commandOf(name: CommandName): Command {
  return createStorageCommand(name, {
    adminAddress: ':15690',
    defaultStorages: 'kafka',
    flags,
    groups: [
      { title: 'Gateway servers', flags: { ...gatewayServerFlags, ...gatewayAuthFlags } },
      { title: 'Gateway limits', flags: gatewayLimitFlags },
    ],
    prepare: (parsed) => {
      checkCredentials(parsed.values)
      return { run: (host, stop) => runGateway(parsed, host, stop) }
    },
  })
}

async function runGateway({ values, storageValues, selection }: ServiceFlags<typeof flags>, host: Host, stop: AbortSignal): Promise<void> {
  const { logger, metrics, readiness, version, admin } = host
  const storages = await openStorages({ selection, values: storageValues, logger, version: version.version, metrics })
  const watching = new AbortController()
  const watched = storages.watch(readiness, watching.signal)
  try {
    const gateway = await startGateway({
      flags: values,
      kinds: new Set(storages.sinks.keys()),
      write: writeTo(storages, metrics),
      unavailable: storages.unavailable,
      to: (kind) => (storages.sinks.get(kind) ?? []).map(({ storage }) => storage).join(','),
      metrics,
      logger,
      readiness,
    })
    admin.serveJson('/api/ledger', async () => ledgerReport({ service: 'gateway', senders: gateway.accounts() }))
    await gateway.run(stop)
  } finally {
    watching.abort()
    await watched
    await storages.close()
  }
}

function writeTo({ sinks }: OpenedStorages, metrics: Host['metrics']): GatewayOptions['write'] {
  const byKind = new Map<Kind, Sink>([...sinks].map(([kind, targets]) => [kind, createDirectSink({ kind, targets, metrics })]))
  return (envelope, signal) => {
    const sink = byKind.get(envelope.kind)
    if (sink === undefined) return Promise.reject(new PermanentError(`no storage takes ${envelope.kind}`))
    const delivery: Delivery = { ...envelope, position: 0 }
    return sink.write([delivery], signal)
  }
}
