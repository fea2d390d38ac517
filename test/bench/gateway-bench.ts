import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { startService } from '../e2e/service.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'
import { freePort, type Kafka } from '../engines/index.ts'
import type { Bench } from './bench.ts'
import { startProgram, type Program } from './program.ts'
import type { BareGatewayQuestion } from './programs/bare-gateway.ts'
import type { LoadAnswer, LoadQuestion } from './programs/load.ts'
import { usageOf } from './usage.ts'

const CONNECTIONS = 8
/** Of the cluster that the agents say, so that every series is looked at. */
const TOKEN = 'a-token-of-the-cluster-bench-which-nobody-guesses'

type UnderTest = { readonly pid: number; readonly url: string; readonly stop: () => Promise<void> }

/** Remote write in → Kafka acknowledged: the service as its users start it. */
export const gatewayBench = (kafka: Kafka): Bench => receiverBench('gateway → Kafka', () => startGateway(kafka))

/** The same by a prototype without a service around it. */
export const bareGatewayBench = (kafka: Kafka): Bench => receiverBench('  bare prototype, kafkajs', () => startBareGateway(kafka))

function receiverBench(name: string, start: () => Promise<UnderTest>): Bench {
  let started: Promise<{ readonly load: Program<LoadQuestion, LoadAnswer>; readonly receiver: UnderTest }> | undefined
  const open = async () => ({ load: startProgram<LoadQuestion, LoadAnswer>('load'), receiver: await start() })
  return {
    name,
    unit: 'samples',
    run: async (seconds) => {
      const { load, receiver } = await (started ??= open())
      const before = usageOf(receiver.pid)
      const { samples, refused, failed } = await load.ask({ url: receiver.url, connections: CONNECTIONS, seconds, token: TOKEN })
      const after = usageOf(receiver.pid)
      if (refused + failed > 0) throw new Error(`${name.trim()}: ${refused} bodies were refused and ${failed} not answered`)
      return { count: samples, cpuSeconds: after.cpuSeconds - before.cpuSeconds, peakBytes: after.peakBytes }
    },
    close: async () => {
      const opened = await started
      await opened?.load.stop()
      await opened?.receiver.stop()
    },
  }
}

async function startGateway(kafka: Kafka): Promise<UnderTest> {
  const port = await freePort()
  const tokens = join(makeDataDirectory('gateway-bench'), 'tokens.yml')
  writeFileSync(tokens, `tokens:\n  - {name: bench, token: ${TOKEN}, cluster: bench}\n`, { mode: 0o600 })
  const { pid, stop } = await startService('gateway', {
    environment: { STORAGE_TYPE: 'kafka' },
    flags: [
      `--kafka.producer.brokers=${kafka.bootstrap}`,
      '--kafka.producer.topic=gateway',
      `--auth.tokens-file=${tokens}`,
      `--gateway.http-server.host-port=127.0.0.1:${port}`,
      `--gateway.grpc-server.host-port=127.0.0.1:${await freePort()}`,
    ],
  })
  return { pid, stop, url: `http://127.0.0.1:${port}/api/v1/write` }
}

async function startBareGateway(kafka: Kafka): Promise<UnderTest> {
  const program = startProgram<BareGatewayQuestion, number>('bare-gateway')
  const port = await program.ask({ bootstrap: kafka.bootstrap, topic: 'bare-gateway' })
  return { pid: program.pid, stop: program.stop, url: `http://127.0.0.1:${port}/api/v1/write` }
}
