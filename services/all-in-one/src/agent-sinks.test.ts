import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { gatewayAuthFlags, gatewayLimitFlags, gatewayServerFlags, startGateway } from '@clymene/gateway'
import type { Envelope } from '@clymene/model'
import { createMetrics, createReadiness, parseFlags, silentLogger } from '@clymene/runtime'
import { deliveryOf } from '@clymene/storages/contract'
import { afterEach, expect, test } from 'vitest'

import { openAgentSinks } from './agent-sinks.ts'

const directory = mkdtempSync(join(tmpdir(), 'clymene-own-agent-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('the own agent writes, whatever tokens the gateway asks others for', async () => {
  const tokensFile = join(directory, 'tokens.yml')
  writeFileSync(tokensFile, `tokens: [{sha256: ${'a'.repeat(64)}, cluster: other}]`)
  const argv = [
    '--gateway.http-server.host-port=127.0.0.1:0',
    '--gateway.grpc-server.host-port=127.0.0.1:0',
    `--auth.tokens-file=${tokensFile}`,
  ]
  const written: Envelope[] = []
  const gateway = await startGateway({
    flags: parseFlags({ ...gatewayServerFlags, ...gatewayAuthFlags, ...gatewayLimitFlags }, argv, {}).values,
    kinds: new Set(['metrics']),
    write: (envelope) => {
      written.push(envelope)
      return Promise.resolve()
    },
    unavailable: () => undefined,
    to: () => 'bus',
    metrics: createMetrics(),
    logger: silentLogger,
    readiness: createReadiness(),
    ownToken: 'made_by-the-process',
  })
  const stop = new AbortController()
  const running = gateway.run(stop.signal)
  const write = async (token: string | undefined) => {
    const options = { logger: silentLogger, metrics: createMetrics(), version: 'v' }
    const sinks = await openAgentSinks({ gateway: { address: gateway.httpAddress, token }, ...options })
    try {
      await sinks.sinks.get('metrics')?.[0]?.sink.write([deliveryOf('metrics', 'mine', [['s', 1, 'x']])], stop.signal)
    } finally {
      await sinks.close()
    }
  }
  try {
    await expect(write(undefined)).rejects.toThrow(/answered 401/)
    await write('made_by-the-process')
    expect(written).toHaveLength(1)
  } finally {
    stop.abort()
    await running
  }
})
