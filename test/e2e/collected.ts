import { expect, vi } from 'vitest'

import type { Service } from './service.ts'
import { documentsIn, linesIn, samplesIn } from './stores.ts'
import { numberOf, sorted, type CountedTarget } from './world.ts'

/** What the stores have of the counted target and of the numbered log of cluster `c1`: the numbers, each once, rising. */
export const samplesInPrometheus = async (url: string): Promise<number[]> => {
  const series = await samplesIn(url, 'counted_total{shape="plain",cluster="c1"}')
  return sorted(new Set(series.flatMap(({ samples }) => samples.map(([, value]) => value))))
}

export const linesInLoki = async (url: string): Promise<number[]> =>
  sorted(new Set((await linesIn(url, '{job="shop",cluster="c1"}')).map(({ line }) => numberOf(line))))

export const samplesInElasticsearch = async (url: string): Promise<number[]> => {
  const filter = [{ term: { name: 'counted_total' } }, { term: { 'labels.shape': 'plain' } }]
  const documents = await documentsIn(url, 'metrics-clymene.samples-c1', { bool: { filter } })
  // The mark of a target that is gone has no value.
  return sorted(new Set(documents.map(({ source }) => Number(source['value'])).filter((value) => !Number.isNaN(value))))
}

export const linesInElasticsearch = async (url: string): Promise<number[]> => {
  const documents = await documentsIn(url, 'logs-clymene.lines-c1', { term: { 'labels.job': 'shop' } })
  return sorted(new Set(documents.map(({ source }) => numberOf(String(source['message'])))))
}

/**
 * Ends the scrapes and gives how many the agent took in: so many numbers have to be in every store. On a busy machine it may give
 * up a scrape that the target has already answered.
 */
export async function scrapesTaken(agent: Service, target: CountedTarget): Promise<number> {
  const scrapes = (result: string): Promise<number> => agent.metric('clymene_agent_scrapes_total', { result })
  target.refuse()
  const failed = await scrapes('failed')
  // The one that was under way has ended when a later one has.
  await vi.waitFor(async () => expect(await scrapes('failed')).toBeGreaterThan(failed), { timeout: 30_000, interval: 100 })
  const taken = await scrapes('ok')
  expect(taken).toBeGreaterThan(0)
  return taken
}
