import { prometheusNow, RefusedQuery } from '../dashboards/store-queries.ts'
import { ruleExpressions } from './rule-files.ts'

/**
 * Asks a real Prometheus for every rule, and tells what is wrong, a line each: what is recorded has to have data there, of clusters; an alert
 * has to be taken. Whether one fires is not looked at, as what is recorded is not there. `mayBeEmpty`: recorded names that have no data there.
 */
export async function checkRules(url: string, mayBeEmpty: ReadonlySet<string> = new Set()): Promise<readonly string[]> {
  const now = new Date()
  const told = ruleExpressions().map(async ({ name, kind, expression }) => {
    try {
      const series = await prometheusNow({ url }, expression, { from: now, to: now, stepSeconds: 1 })
      if (kind === 'alert') return []
      if (series.length === 0) return mayBeEmpty.has(name) ? [] : [`${name}: no answer to ${expression}`]
      return series.every(({ labels }) => labels.has('cluster')) ? [] : [`${name}: no label cluster`]
    } catch (error) {
      if (error instanceof RefusedQuery) return [`${name}: ${error.message}`]
      throw error
    }
  })
  return (await Promise.all(told)).flat()
}
