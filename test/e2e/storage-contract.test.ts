import type { Label, LogStream, TimeSeries } from '@clymene/model'
import { deliveryOf, describeStorageContract, openByFlags } from '@clymene/storages/contract'
import { request } from 'undici'

import { describeWithEngines, startLoki, startPrometheus } from '../engines/index.ts'

const AWAY = 'http://127.0.0.1:1/'

type PrometheusAnswer = {
  readonly data: { readonly result: readonly { readonly metric: Labelled; readonly values: readonly (readonly [number, string])[] }[] }
}
type LokiAnswer = {
  readonly data: { readonly result: readonly { readonly stream: Labelled; readonly values: readonly (readonly [string, string])[] }[] }
}
type Labelled = Readonly<Record<string, string>>

async function ask<T>(url: string, path: string, query: Readonly<Record<string, string>>): Promise<T> {
  const { statusCode, body } = await request(new URL(`${path}?${new URLSearchParams(query).toString()}`, url))
  const text = await body.text()
  if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}: ${text}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the shape of the engine's documented API
  return JSON.parse(text) as T
}

const labelsOf = (labels: Labelled): Label[] => Object.entries(labels)

async function metricsIn(url: string, cluster: string): Promise<TimeSeries[]> {
  const { data } = await ask<PrometheusAnswer>(url, '/api/v1/query', { query: `{cluster="${cluster}"}[1h]` })
  return data.result.map(({ metric, values }) => ({
    labels: labelsOf(metric),
    samples: values.map(([seconds, value]) => ({
      timestampMs: Math.round(seconds * 1000),
      value: Number(value.replace('Inf', 'Infinity')),
    })),
  }))
}

async function logsIn(url: string, cluster: string): Promise<LogStream[]> {
  const { data } = await ask<LokiAnswer>(url, '/loki/api/v1/query_range', { query: `{cluster="${cluster}"}`, limit: '1000', since: '24h' })
  return data.result.map(({ stream, values }) => ({
    labels: labelsOf(stream),
    entries: values.map(([timestamp, line]) => ({ timestampNs: BigInt(timestamp), line })),
  }))
}

for (const [storage, flag] of [
  ['prometheus', 'prometheus.remote.url'],
  ['cortex', 'cortex.distributor.url'],
] as const) {
  describeWithEngines(['prometheus'], `${storage} storage and a real Prometheus`, () => {
    const traits = { kinds: ['metrics'], keepsOnce: true, keepsSpecialValues: true, isRemote: true, refuses: true } as const
    describeStorageContract(storage, traits, async () => {
      const engine = await startPrometheus()
      return {
        open: () => openByFlags(storage, [`--${flag}=${engine.url}/api/v1/write`]),
        openAway: () => openByFlags(storage, [`--${flag}=${AWAY}`]),
        metrics: (cluster) => metricsIn(engine.url, cluster),
        refusal: (kind, cluster) => ({
          before: [deliveryOf(kind, cluster, [['old', 9, 'x']])],
          mixed: deliveryOf(kind, cluster, [
            ['a', 0, 'x'],
            ['b', 0, 'x'],
            ['old', 0, 'x'],
            ['c', 0, 'x'],
          ]),
          refused: 1,
        }),
        stop: engine.stop,
      }
    })
  })
}

describeWithEngines(['loki'], 'loki storage and a real Loki', () => {
  const traits = { kinds: ['logs'], keepsOnce: true, keepsSpecialValues: false, isRemote: true, refuses: true } as const
  describeStorageContract('loki', traits, async () => {
    const engine = await startLoki({ limits: { max_line_size: '1KB' } })
    const tooLong = 'x'.repeat(2000)
    return {
      open: () => openByFlags('loki', [`--loki.client.url=${engine.url}/loki/api/v1/push`]),
      openAway: () => openByFlags('loki', [`--loki.client.url=${AWAY}`]),
      logs: (cluster) => logsIn(engine.url, cluster),
      refusal: (kind, cluster) => ({
        before: [],
        mixed: deliveryOf(kind, cluster, [
          ['a', 0, 'a'],
          ['a', 1, tooLong],
          ['a', 2, 'b'],
          ['b', 0, 'c'],
        ]),
        refused: 1,
      }),
      stop: engine.stop,
    }
  })
})
