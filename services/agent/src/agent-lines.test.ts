import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { discoveryFlags, kubernetesFlags, podLogsFlags } from '@clymene/discovery'
import type { LogFields, Logger } from '@clymene/model'
import { createMetrics, createReadiness, parseFlags, silentLogger } from '@clymene/runtime'
import { eventFlags } from '@clymene/sources'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { agentFlags, bufferFlags, dryRunFlags, promtailFlags, scrapeFlags } from './flags.ts'
import { runAgent } from './run-agent.ts'

let folder = ''
let api: Server
let url = ''
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-lines-'))
  api = createServer((_request, response) => {
    response.writeHead(403).end('{"kind":"Status","code":403,"reason":"Forbidden","message":"pods is forbidden"}')
  })
  await new Promise<void>((done) => api.listen(0, '127.0.0.1', done))
  const address = api.address()
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
})
afterEach(() => {
  api.closeAllConnections()
  api.close()
  rmSync(folder, { recursive: true })
})

test('says what it collects; rights that are missing stand on /readyz', async () => {
  const lines: { readonly message: string; readonly fields: LogFields }[] = []
  const logger: Logger = { ...silentLogger, info: (message, fields = {}) => void lines.push({ message, fields }) }
  const readiness = createReadiness()
  const argv = [`--buffer.dir=${folder}/buffer`, '--http.port=127.0.0.1:0', '--cluster=c']
  const { values } = parseFlags(
    {
      ...agentFlags,
      ...scrapeFlags,
      ...dryRunFlags,
      ...bufferFlags,
      ...promtailFlags,
      ...discoveryFlags,
      ...kubernetesFlags,
      ...podLogsFlags,
      ...eventFlags,
    },
    argv,
    {},
  )
  const text = `global: {external_labels: {cluster: own}}\nscrape_configs: [{job_name: a}, {job_name: k, kubernetes_sd_configs: [{role: pod, api_server: "${url}"}]}]`
  const stop = new AbortController()
  const running = runAgent(
    {
      values,
      storageValues: {},
      selection: { selected: [], byKind: new Map() },
      texts: { scrape: () => ({ path: 'c.yml', text }), logs: undefined, warnings: [] },
      env: {},
    },
    {
      logger,
      metrics: createMetrics(),
      readiness,
      version: { version: '1', buildTime: '' },
      admin: {
        address: { host: '', port: 0 },
        serveJson: () => undefined,
        serve: () => undefined,
        act: () => undefined,
        close: () => Promise.resolve(),
      },
      adminAccess: () => undefined,
    },
    stop.signal,
  )
  const reasons = (): readonly string[] => readiness.reasons()
  await vi.waitFor(
    () =>
      expect(reasons()).toEqual([
        expect.stringMatching(/^discovery: cannot list and watch pods in all namespaces: .*403: pods is forbidden; it needs a ClusterRole/),
      ]),
    { timeout: 20_000 },
  )
  expect(lines).toContainEqual({ message: 'agent collects', fields: { jobs: 2, logJobs: 0, cluster: 'own', storages: [] } })
  stop.abort()
  await running
}, 30_000)
