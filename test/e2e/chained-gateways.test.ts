import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, freePort, startLoki, startPrometheus, type Engine } from '../engines/index.ts'
import { writeLogConfig, writeScrapeConfig } from './agent-config.ts'
import { linesInLoki, samplesInPrometheus, scrapesTaken } from './collected.ts'
import { startService, type Service } from './service.ts'
import { createNumberedLog, numbersTo, startCountedTarget, type CountedTarget } from './world.ts'

const WAIT = { timeout: 90_000, interval: 250 }

describeWithEngines(['prometheus', 'loki'], 'an agent before two gateways in a row, all over gRPC by default', () => {
  const directory = mkdtempSync(join(tmpdir(), 'clymene-chain-'))
  const log = createNumberedLog(join(directory, 'pods', 'shop_web-0_uid', 'web'), 300)
  let prometheus: Engine
  let loki: Engine
  let target: CountedTarget
  let agent: Service
  let near: Service
  let far: Service

  beforeAll(async () => {
    ;[prometheus, loki, target] = await Promise.all([startPrometheus(), startLoki(), startCountedTarget()])
    const [nearPort, farPort] = [await freePort(), await freePort()]
    far = await startService('gateway', {
      environment: { STORAGE_TYPE: 'prometheus,loki' },
      flags: [
        `--prometheus.remote.url=${prometheus.url}/api/v1/write`,
        `--loki.client.url=${loki.url}/loki/api/v1/push`,
        `--gateway.grpc-server.host-port=127.0.0.1:${farPort}`,
        `--gateway.http-server.host-port=127.0.0.1:${await freePort()}`,
      ],
    })
    near = await startService('gateway', {
      environment: { STORAGE_TYPE: 'gateway' },
      flags: [
        `--gateway.grpc-client.host-port=127.0.0.1:${farPort}`,
        `--gateway.grpc-server.host-port=127.0.0.1:${nearPort}`,
        `--gateway.http-server.host-port=127.0.0.1:${await freePort()}`,
      ],
    })
    agent = await startService('agent', {
      flags: [
        `--gateway.grpc-client.host-port=127.0.0.1:${nearPort}`,
        `--config.file=${writeScrapeConfig(directory, target.address)}`,
        `--promtail.config.file=${writeLogConfig(directory)}`,
        `--buffer.dir=${join(directory, 'buffer')}`,
        '--cluster=c1',
        `--http.port=127.0.0.1:${await freePort()}`,
      ],
    })
  })
  afterAll(async () => {
    await Promise.all([agent, near, far].map((service) => service?.stop()))
    await Promise.all([prometheus, loki].map((engine) => engine?.stop()))
    await target?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test('nothing is missing, also when either gateway is killed while data come', async () => {
    const go = (scrapes: number) => {
      const until = target.served() + scrapes
      return expect.poll(() => (log.write(40), target.served()), { ...WAIT, interval: 100 }).toBeGreaterThan(until)
    }
    await go(3)
    await expect.poll(async () => (await samplesInPrometheus(prometheus.url)).length, WAIT).toBeGreaterThan(3)
    for (const gateway of [far, near]) {
      await gateway.kill()
      await go(3)
      await gateway.restart()
      await go(2)
    }
    const taken = await scrapesTaken(agent, target)
    await expect.poll(() => samplesInPrometheus(prometheus.url), WAIT).toHaveLength(taken)
    await expect.poll(() => linesInLoki(loki.url), WAIT).toEqual(numbersTo(log.written()))
    const protocols = { protocol: 'grpc', status: '200' }
    for (const gateway of [near, far])
      for (const kind of ['metrics', 'logs'])
        expect(await gateway.metric('clymene_gateway_requests_total', { ...protocols, kind })).toBeGreaterThan(0)
    expect(await agent.metric('clymene_delivery_dead_letters_total')).toBe(0)
  })
})
