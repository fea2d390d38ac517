import { startElasticsearch, startKafka, startLoki, startPrometheus, type Engine, type Kafka } from '../engines/index.ts'
import { startAnswerProxy, type AnswerProxy } from './answer-proxy.ts'
import { STORES, type StoreName } from './plan.ts'

/** Started once: seeds have topics, clusters and processes of their own. */
export type Engines = {
  readonly kafka: Kafka
  readonly stores: Readonly<Record<StoreName, Engine>>
  /** What ingesters take for the stores. */
  readonly proxies: Readonly<Record<StoreName, AnswerProxy>>
  readonly stop: () => Promise<void>
}

export const NEEDED_ENGINES = ['kafka', 'prometheus', 'loki', 'elasticsearch'] as const

export async function startEngines(): Promise<Engines> {
  const [kafka, prometheus, loki, elasticsearch] = await Promise.all([
    startKafka({ partitions: 3 }),
    // Without a window for samples out of order: every one is refused.
    startPrometheus(),
    startLoki(),
    startElasticsearch(),
  ])
  const stores = { prometheus, loki, elasticsearch }
  const proxies = {
    prometheus: await startAnswerProxy(prometheus.url),
    loki: await startAnswerProxy(loki.url),
    elasticsearch: await startAnswerProxy(elasticsearch.url),
  }
  return {
    kafka,
    stores,
    proxies,
    stop: async () => {
      await Promise.all(STORES.map((name) => proxies[name].close()))
      await Promise.all([kafka, prometheus, loki, elasticsearch].map((engine) => engine.stop()))
    },
  }
}
