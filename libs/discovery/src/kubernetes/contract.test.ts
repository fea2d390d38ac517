import { createMetrics, silentLogger } from '@clymene/runtime'

import { describeDiscovererContract } from '../contract.ts'
import { createDiscoveryContext, type OpenDiscoveryContext } from '../discovery-context.ts'
import { parseKubernetesConfig } from './config.ts'
import { createKubernetesDiscoverer } from './discoverer.ts'
import { added, deleted, listEnd, startScriptedApi, statusOf, type Asked } from './scripted-api.test-kit.ts'

// The real API server runs it too, without its outages.
describeDiscovererContract('kubernetes, a scripted API server', async () => {
  let version = 10
  let more = false
  let trouble: 'none' | 'fails' | 'hangs' = 'none'
  const open = new Set<Asked>()
  const next = (): string => String(++version)
  const server = await startScriptedApi((asked) => {
    open.add(asked)
    asked.response.on('close', () => open.delete(asked))
    if (trouble === 'hangs') return
    if (trouble === 'fails') {
      asked.answer(503, statusOf(503, 'ServiceUnavailable', 'the server is starting'))
      return
    }
    const from = asked.query.get('resourceVersion')
    if (from === null) {
      asked.watch(added('a', '1', { podIP: '10.0.0.1' }), ...(more ? [added('b', '2', { podIP: '10.0.0.2' })] : []), listEnd(next()))
      return
    }
    // What came while nobody watched.
    asked.watch(...(more ? [added('b', next(), { podIP: '10.0.0.2' })] : []))
  })
  const metrics = createMetrics()
  // Of one context they would share a watch, with what it knows already.
  const contexts: OpenDiscoveryContext[] = []
  const newContext = (): OpenDiscoveryContext => {
    const context = createDiscoveryContext({ logger: silentLogger, metrics, limits: { backoffMs: [1, 5] }, lingerMs: 0, batchMs: 1 })
    contexts.push(context)
    return context
  }
  const config = parseKubernetesConfig({ role: 'pod', api_server: server.url }, 'k[0]')
  const cut = (): void => {
    for (const asked of open) asked.cut()
  }
  return {
    create: () => createKubernetesDiscoverer(config, newContext()),
    stop: async () => {
      await Promise.all(contexts.map((context) => context.close()))
      await server.close()
    },
    world: {
      add: () => {
        more = true
        for (const asked of open) asked.send(added('b', next(), { podIP: '10.0.0.2' }))
        return '10.0.0.2'
      },
      remove: () => {
        if (!more) return
        more = false
        for (const asked of open) asked.send(deleted('b', next()))
      },
      fail: () => {
        trouble = 'fails'
        cut()
      },
      hang: () => {
        trouble = 'hangs'
        cut()
      },
      hanging: () => open.size,
      recover: () => {
        if (trouble === 'hangs') cut()
        trouble = 'none'
      },
      failures: async () => {
        const metric = await metrics.registry.getSingleMetric('clymene_agent_sd_kubernetes_failures_total')?.get()
        return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
      },
    },
  }
})
