import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { labelValue } from '@clymene/model'
import { decodePushRequest, decompress } from '@clymene/wire'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

import { describeWithEngines, freePort, startKubernetes, startLoki, type Engine, type Kubernetes } from '../engines/index.ts'
import { startService, type Service } from './service.ts'
import { linesIn } from './stores.ts'

const WAIT = { timeout: 60_000, interval: 50 }
const MANIFEST = join(import.meta.dirname, '../../k8s/clymene-logs/4.clymene-events.yaml')

/** Passes on what is pushed and remembers every entry of it: a store would hide repeats. */
async function startWitness(loki: string) {
  const entries: string[] = []
  const port = await freePort()
  const server = createServer((request, response) => {
    void pass(request).then((status) => response.writeHead(status).end())
  })
  const pass = async (request: IncomingMessage): Promise<number> => {
    const body = Buffer.concat(await request.toArray())
    const { status } = await fetch(`${loki}/loki/api/v1/push`, {
      method: 'POST',
      headers: { 'content-type': request.headers['content-type'] ?? '' },
      body: new Uint8Array(body),
    })
    if (status !== 204) return status
    for (const { entries: all } of decodePushRequest(decompress(body, 64 * 1024 * 1024)))
      for (const { metadata = [] } of all) entries.push(`${labelValue(metadata, 'message')} ${labelValue(metadata, 'count')}`.trim())
    return status
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${port}/push`, entries, close: () => server.close() }
}

describeWithEngines(['kubernetes', 'loki'], 'events of a real cluster', () => {
  let kubernetes: Kubernetes
  let loki: Engine
  let witness: Awaited<ReturnType<typeof startWitness>>
  let kubeconfig: string
  let folder: string
  const running: Service[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'clymene-events-'))
    ;[kubernetes, loki] = await Promise.all([startKubernetes(), startLoki()])
    witness = await startWitness(loki.url)
    await apply(namespaceOf('clymene'), namespaceOf('shop'), namespaceOf('hidden'), ACCOUNT)
    // The rights are those of the manifest and no others.
    await kubernetes.kubectl(['apply', '-f', MANIFEST])
    kubeconfig = await kubernetes.kubeconfig('clymene', 'clymene-events')
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop()))
    await kubernetes.kubectl(['-n', 'clymene', 'delete', 'lease', '--all'])
    witness.entries.length = 0
  })
  afterAll(async () => {
    witness?.close()
    await Promise.all([kubernetes?.stop(), loki?.stop()])
    rmSync(folder, { recursive: true, force: true })
  })

  const apply = (...items: readonly object[]): Promise<string> =>
    kubernetes.kubectl(['apply', '-f', '-'], { input: JSON.stringify({ kind: 'List', apiVersion: 'v1', items }) })
  /** Written by one after another, in one call. */
  const occur = (...names: readonly string[]): Promise<string> => apply(...names.map((name) => eventOf(name)))
  /** What a reporter writes when the same happens again. */
  const occurAgain = (name: string, count: number): Promise<string> => apply({ ...eventOf(name), count, lastTimestamp: seconds() })
  const agent = async (name: string, flags: readonly string[] = []): Promise<Service> => {
    const service = await startService('agent', {
      environment: { STORAGE_TYPE: 'loki' },
      flags: [
        '--cluster=c',
        '--events.kubernetes',
        `--events.kubeconfig=${kubeconfig}`,
        `--events.lease-identity=${name}`,
        '--events.lease-namespace=clymene',
        '--events.lease-duration=3s',
        '--events.lease-renew-deadline=2s',
        '--events.lease-retry-period=200ms',
        '--clymene-promtail.batch-wait=50ms',
        `--buffer.dir=${mkdtempSync(join(folder, name))}`,
        `--loki.client.url=${witness.url}`,
        ...flags,
      ],
    })
    running.push(service)
    return service
  }
  const leads = (service: Service): Promise<number> => service.metric('clymene_agent_events_leader')
  const seen = (): readonly string[] => witness.entries
  const repeats = (): readonly string[] => seen().filter((entry, index) => seen().indexOf(entry) !== index)

  test('as entries with few labels and structured fields, repeats with their count, both kinds of series; ends of containers', async () => {
    await apply(eventOf('before'), {
      ...eventOf('out of sight'),
      metadata: { name: 'hidden-1', namespace: 'hidden' },
      involvedObject: { kind: 'Pod', namespace: 'hidden', name: 'x' },
    })
    await agent('a', ['--events.terminations', '--events.exclude-namespaces=hidden'])
    await expect.poll(seen, WAIT).toContain('before 1')
    await occurAgain('before', 5)
    const series = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'newer', namespace: 'shop' },
      regarding: { kind: 'Pod', namespace: 'shop', name: 'web-1' },
      reason: 'Scheduled',
      type: 'Normal',
      note: 'newer',
      action: 'Binding',
      eventTime: micros(),
      reportingController: 'example.com/scheduler',
      reportingInstance: 's-1',
    }
    await kubernetes.kubectl(['create', '-f', '-'], { input: JSON.stringify(series) })
    await expect.poll(seen, WAIT).toEqual(['before 1', 'before 5', 'newer 1'])
    await kubernetes.kubectl(['apply', '-f', '-'], {
      input: JSON.stringify({ ...series, series: { count: 3, lastObservedTime: micros() } }),
    })
    await expect.poll(seen, WAIT).toContain('newer 3')
    await apply(podOf('web-1'))
    await endContainer('web-1', 'no memory left')
    await expect.poll(seen, WAIT).toContain('no memory left')
    expect(repeats()).toEqual([])

    const found = await linesIn(
      loki.url,
      '{job="kubernetes-events", cluster="c", namespace="shop", kind="Pod", type="Warning"} | count="5"',
    )
    expect(found.map(({ line, labels }) => [line, labels['reason'], labels['name'], labels['source_component']])).toEqual([
      ['type=Warning reason=BackOff kind=Pod object=shop/web-1 count=5 source=kubelet host=n1 msg=before', 'BackOff', 'web-1', 'kubelet'],
    ])
    const ended = await linesIn(
      loki.url,
      '{job="kubernetes-terminations", pod="web-1", container="main", reason="OOMKilled"} | exit_code="137"',
    )
    expect(ended.map(({ line }) => line)).toEqual([
      'reason=OOMKilled pod=shop/web-1 container=main exit_code=137 restart_count=0 msg="no memory left"',
    ])

    await kubernetes.restartApiServer()
    await occur('after')
    await expect.poll(seen, WAIT).toContain('after 1')
    expect(repeats()).toEqual([])
    const [service] = running
    await service?.halt()
    await occur('while away')
    await forgetVersions()
    await service?.restart()
    await expect.poll(seen, WAIT).toContain('while away 1')
    expect(await service?.metric('clymene_agent_events_watch_restarts_total', { reason: 'expired' })).toBeGreaterThan(0)
    await occur('last')
    await expect.poll(seen, WAIT).toContain('last 1')
    expect(repeats()).toEqual([])
  })

  test('of two agents one collects; the other goes on where it was after a stop, and after a kill with nothing lost', async () => {
    const a = await agent('a', ['--events.max-age=0s'])
    await expect.poll(() => leads(a), WAIT).toBe(1)
    const b = await agent('b', ['--events.max-age=0s'])
    const names: string[] = []
    let goesOn = true
    const occurring = (async () => {
      for (let number = 0; goesOn; number++) {
        names.push(`n-${number}`)
        await occur(`n-${number}`)
        await sleep(20)
      }
    })()
    const reached = (after: number): Promise<void> => expect.poll(() => seen().length, WAIT).toBeGreaterThan(after)
    await reached(5)
    expect([await leads(a), await leads(b)]).toEqual([1, 0])
    await a.halt()
    await expect.poll(() => leads(b), WAIT).toBe(1)
    await reached(seen().length + 5)
    // A stop hands on everything.
    expect(repeats()).toEqual([])
    await a.restart()
    await reached(seen().length + 5)
    expect([await leads(a), await leads(b)]).toEqual([0, 1])
    const atKill = seen().length
    await b.kill()
    await expect.poll(() => leads(a), WAIT).toBe(1)
    goesOn = false
    await occurring
    // What its buffer had taken and not sent yet.
    await b.restart()
    await expect.poll(() => names.filter((name) => !seen().includes(`${name} 1`)), WAIT).toEqual([])
    // Only what was acknowledged since it was handed on last, a second before the kill at most; the store knows it for the same.
    const again = repeats()
    expect(
      seen()
        .slice(0, Math.max(0, atKill - 60))
        .filter((entry) => again.includes(entry)),
    ).toEqual([])
    const stored = (await linesIn(loki.url, '{job="kubernetes-events", cluster="c"} |~ "msg=n-"')).map(
      ({ line }) => /msg=(\S+)/.exec(line)?.[1],
    )
    expect(stored).toHaveLength(names.length)
    expect(new Set(stored)).toEqual(new Set(names))
  })

  /** Compaction, as the API server has it done every five minutes. */
  const forgetVersions = async (): Promise<void> => {
    const { metadata } = JSON.parse(await kubernetes.kubectl(['get', '--raw', '/api/v1/events?limit=1']))
    const revision = metadata.resourceVersion
    const { ok } = await fetch(`${kubernetes.etcdUrl}/v3/kv/compaction`, {
      method: 'POST',
      body: JSON.stringify({ revision, physical: true }),
    })
    expect(ok).toBe(true)
  }

  /** What a kubelet says of a container that ended. */
  const endContainer = (pod: string, message: string): Promise<string> => {
    const terminated = {
      exitCode: 137,
      reason: 'OOMKilled',
      message,
      finishedAt: seconds(),
      startedAt: seconds(),
      containerID: 'containerd://1',
    }
    const status = { containerStatuses: [{ name: 'main', image: 'i', imageID: 'i', ready: false, restartCount: 0, state: { terminated } }] }
    const patch = JSON.stringify({ status })
    return kubernetes.kubectl(['-n', 'shop', 'patch', 'pod', pod, '--subresource=status', '--type=merge', '-p', patch])
  }
})

const seconds = (): string => new Date().toISOString().replace(/\.\d+/, '')
const micros = (): string => new Date().toISOString().replace('Z', '000Z')
const namespaceOf = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
const ACCOUNT = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'none', namespace: 'shop' } }
const podOf = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'shop' },
  spec: { automountServiceAccountToken: false, serviceAccountName: 'none', containers: [{ name: 'main', image: 'i' }] },
})
const eventOf = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: name.replaceAll(' ', '-'), namespace: 'shop' },
  involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-1' },
  reason: 'BackOff',
  type: 'Warning',
  message: name,
  count: 1,
  firstTimestamp: seconds(),
  lastTimestamp: seconds(),
  source: { component: 'kubelet', host: 'n1' },
})
