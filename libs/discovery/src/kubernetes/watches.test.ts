import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { LogFields, Logger, TargetGroup } from '@clymene/model'
import { createMetrics, secretFile, silentLogger } from '@clymene/runtime'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { parseKubernetesConfig } from './config.ts'
import { createKubernetesDiscoverer } from './discoverer.ts'
import { added, deleted, listEnd, modified, startScriptedApi, statusOf, type Asked } from './scripted-api.test-kit.ts'
import { createKubernetesWatches, type WatchesOptions } from './watches.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const until = (condition: () => boolean): Promise<void> =>
  vi.waitFor(
    () => {
      if (!condition()) throw new Error(`still not: ${condition.toString()}`)
    },
    { timeout: 20_000, interval: 5 },
  )

function recordingLogger() {
  const lines: string[] = []
  const log = (level: string) => (message: string, _fields?: LogFields) => void lines.push(`${level} ${message}`)
  const logger: Logger = { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error'), child: () => logger }
  return { logger, lines }
}

async function api(answer: (asked: Asked, index: number) => void) {
  const server = await startScriptedApi(answer)
  closing.push(server.close)
  return server
}

function watchesWith(options: Partial<WatchesOptions> = {}) {
  const metrics = createMetrics()
  const watches = createKubernetesWatches({ logger: silentLogger, metrics, limits: { backoffMs: [1, 5] }, ...options })
  closing.push(watches.close)
  return { watches, metrics }
}

/** A job: what it was told, and how to end it. */
function job(value: object, watches: ReturnType<typeof watchesWith>['watches'], batchMs = 1) {
  const updates: (readonly TargetGroup[])[] = []
  const stop = new AbortController()
  const discoverer = createKubernetesDiscoverer(parseKubernetesConfig(value, 'k[0]'), {
    logger: silentLogger,
    watches: { ...watches, batchMs },
  })
  const running = discoverer.run((groups) => updates.push(groups), stop.signal)
  const end = async (): Promise<void> => {
    stop.abort()
    await running
  }
  closing.push(end)
  return {
    updates,
    end,
    waits: () => discoverer.waits?.(),
    told: () => updates.flat().map(({ source, targets }) => `${source} ${targets.length}`),
  }
}

describe('sharing', () => {
  test('five jobs that want the same pods are one watch; each is told everything', async () => {
    const server = await api((asked) => asked.watch(added('a', '1'), listEnd('5')))
    const { watches, metrics } = watchesWith()
    const jobs = Array.from({ length: 5 }, () => job({ role: 'pod', api_server: server.url }, watches))
    await until(() => jobs.every(({ updates }) => updates.length === 1))
    server.asked[0]?.send(added('b', '6'))
    await until(() => jobs.every(({ updates }) => updates.length === 2))
    const late = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => late.updates.length === 1)
    expect(late.told()).toEqual(['pod/n/a 1', 'pod/n/b 1'])
    for (const one of jobs) expect(one.told()).toEqual(['pod/n/a 1', 'pod/n/b 1'])
    expect(server.asked).toHaveLength(1)
    expect(await metrics.registry.getSingleMetricAsString('clymene_agent_sd_kubernetes_objects')).toContain('{resource="pods"} 2')
    expect(await metrics.registry.getSingleMetricAsString('clymene_agent_sd_kubernetes_last_sync_age_seconds')).toMatch(
      /\{resource="pods"\} 0\./,
    )
  })

  test.each<[what: string, other: object]>([
    ['another namespace', { namespaces: { names: ['m'] } }],
    ['another selector', { selectors: [{ role: 'pod', label: 'a=b' }] }],
    ['other credentials', { bearer_token: 'x' }],
  ])('%s is a watch of its own', async (_what, other) => {
    const server = await api((asked) => asked.watch(listEnd('5')))
    const { watches } = watchesWith()
    job({ role: 'pod', api_server: server.url }, watches)
    job({ role: 'pod', api_server: server.url, ...other }, watches)
    await until(() => server.asked.length === 2)
    expect(server.asked).toHaveLength(2)
  })

  test('roles share what they look up', async () => {
    const server = await api((asked) => asked.watch(listEnd('5')))
    const { watches } = watchesWith()
    const jobs = ['pod', 'service', 'endpoints', 'endpointslice'].map((role) => job({ role, api_server: server.url }, watches))
    await until(() => jobs.every(({ updates }) => updates.length === 1))
    expect(server.asked.map(({ path }) => path).toSorted()).toEqual([
      '/api/v1/endpoints',
      '/api/v1/pods',
      '/api/v1/services',
      '/apis/discovery.k8s.io/v1/endpointslices',
    ])
  })

  test('a reload goes on with the same watch; without one it ends after a while', async () => {
    const server = await api((asked) => asked.watch(added('a', '1'), listEnd('5')))
    const { watches } = watchesWith({ lingerMs: 300 })
    const first = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => first.updates.length === 1)
    await first.end()
    const second = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => second.updates.length === 1)
    // Also after the time that it would have had without the second.
    const later = performance.now() + 500
    await until(() => performance.now() > later)
    server.asked[0]?.send(added('b', '6'))
    await until(() => second.updates.length === 2)
    expect(server.asked).toHaveLength(1)
    let closed = false
    server.asked[0]?.response.on('close', () => (closed = true))
    await second.end()
    await until(() => closed)
    const third = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => third.updates.length === 1)
    expect(server.asked).toHaveLength(2)
  })

  test('closing ends every watch', async () => {
    const server = await api((asked) => asked.watch(listEnd('5')))
    const { watches } = watchesWith()
    const one = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => one.updates.length === 1)
    let closed = false
    server.asked[0]?.response.on('close', () => (closed = true))
    await one.end()
    await watches.close()
    await until(() => closed)
    expect(closed).toBe(true)
  })
})

describe('what a job is told', () => {
  test('a burst of events in few updates, and none is lost', async () => {
    const server = await api((asked) => asked.watch(listEnd('5')))
    const { watches } = watchesWith()
    const one = job({ role: 'pod', api_server: server.url }, watches, 100)
    await until(() => one.updates.length === 1)
    for (let index = 0; index < 1000; index++) server.asked[0]?.send(added(`p${index}`, String(index + 10)))
    await until(() => new Set(one.told()).size === 1000)
    expect(one.updates.length).toBeLessThan(100)
    expect(one.updates[0]).toEqual([])
  })

  test('changes that never end do not hold back an update', async () => {
    const server = await api((asked) => asked.watch(listEnd('5')))
    const { watches } = watchesWith()
    const one = job({ role: 'pod', api_server: server.url }, watches, 20)
    await until(() => one.updates.length === 1)
    let version = 10
    const timer = setInterval(
      () => server.asked[0]?.send(modified(`p${version % 7}`, String(version++), { podIP: `1.1.1.${version % 250}` })),
      1,
    )
    closing.push(() => clearInterval(timer))
    await until(() => one.updates.length > 5)
    expect(new Set(one.updates.at(-1)?.map(({ source }) => source)).size).toBe(one.updates.at(-1)?.length)
  })

  test('a pod that loses its address or goes is a group without targets, once; one that never had any is not told', async () => {
    const server = await api((asked) => asked.watch(added('a', '1'), added('b', '2'), added('pending', '3', { podIP: '' }), listEnd('5')))
    const { watches } = watchesWith()
    const one = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => one.updates.length === 1)
    server.asked[0]?.send(modified('a', '6', { podIP: '' }), deleted('b', '7'), deleted('pending', '8'))
    await until(() => one.told().length === 4)
    server.asked[0]?.send(deleted('a', '9'), added('last', '10'))
    await until(() => one.told().includes('pod/n/last 1'))
    expect(one.told()).toEqual(['pod/n/a 1', 'pod/n/b 1', 'pod/n/a 0', 'pod/n/b 0', 'pod/n/last 1'])
  })

  test('endpoints are made anew when their service or pod comes, changes or goes', async () => {
    const named = (name: string, resourceVersion: string, more: object = {}) => ({
      metadata: { name, namespace: 'n', resourceVersion, ...more },
    })
    const endpoints = {
      ...named('web', '1'),
      subsets: [{ addresses: [{ ip: '1.1.1.1', targetRef: { kind: 'Pod', namespace: 'n', name: 'p' } }], ports: [{ port: 1 }] }],
    }
    const server = await api((asked) =>
      asked.watch(...(asked.path === '/api/v1/endpoints' ? [{ type: 'ADDED', object: endpoints }] : []), listEnd('5')),
    )
    const { watches } = watchesWith()
    const one = job({ role: 'endpoints', api_server: server.url }, watches)
    await until(() => one.updates.length === 1)
    const of = (path: string): Asked | undefined => server.asked.find((asked) => asked.path === `/api/v1/${path}`)
    const last = () => {
      const group = one.updates.at(-1)?.at(-1)
      return [group?.labels.get('__meta_kubernetes_service_label_a'), group?.targets[0]?.get('__meta_kubernetes_pod_ip')]
    }
    expect(last()).toEqual([undefined, undefined])
    of('pods')?.send(added('p', '6'), added('unrelated', '6'))
    await until(() => last()[1] === '1.1.1.1')
    of('services')?.send(
      { type: 'ADDED', object: named('web', '7', { labels: { a: 'x' } }) },
      { type: 'ADDED', object: named('unrelated', '7') },
    )
    await until(() => last()[0] === 'x')
    of('services')?.send({ type: 'MODIFIED', object: named('web', '8', { labels: { a: 'y' } }) })
    await until(() => last()[0] === 'y')
    of('pods')?.send(deleted('p', '9'))
    await until(() => last()[1] === undefined)
    expect(one.updates.flat()).toHaveLength(5)
  })

  test('a namespace that refuses does not hold back the others, and comes when it is allowed', async () => {
    let allowed = false
    const server = await api((asked) => {
      if (asked.path.includes('/closed/') && !allowed) asked.answer(403, statusOf(403, 'Forbidden', 'no'))
      else asked.watch(added(asked.path.includes('/closed/') ? 'late' : 'a', '1'), listEnd('5'))
    })
    const { watches } = watchesWith()
    const one = job({ role: 'pod', api_server: server.url, namespaces: { names: ['open', 'closed'] } }, watches)
    await until(() => one.updates.length === 1)
    expect(one.told()).toEqual(['pod/n/a 1'])
    allowed = true
    await until(() => one.told().length === 2)
  })

  test('nothing while the server cannot be reached: that is not the same as nothing to find', async () => {
    const server = await api((asked) => asked.cut())
    const { watches } = watchesWith()
    const one = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => server.asked.length > 3)
    expect(one.updates).toEqual([])
    expect(one.waits()).toBe(true)
  })

  test.each<[what: string, answer: (asked: Asked) => void, waits: boolean]>([
    ['is silent', () => undefined, true],
    ['is broken', (asked) => asked.answer(500, 'x'), true],
    ['has too much to do', (asked) => asked.answer(429, 'x'), true],
    ['forbids it', (asked) => asked.answer(403, statusOf(403, 'Forbidden', 'no')), false],
    ['does not know the token', (asked) => asked.answer(401, statusOf(401, 'Unauthorized', 'no')), false],
    ['does not know the selector', (asked) => asked.answer(400, statusOf(400, 'BadRequest', 'no')), false],
    ['has said everything', (asked) => asked.watch(listEnd('5')), false],
  ])('a server that %s: whether a job still waits for it is %s', async (_what, answer, waits) => {
    const server = await api(answer)
    const { watches } = watchesWith()
    const one = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => server.asked.length > 0 && one.waits() === waits)
    await one.end()
    expect(one.waits()).toBe(false)
  })

  test('a namespace that breaks off does hold back the others: what it has would be taken for gone', async () => {
    let isWell = false
    const server = await api((asked) => {
      if (asked.path.includes('/broken/') && !isWell) asked.cut()
      else asked.watch(added(asked.path.includes('/broken/') ? 'late' : 'a', '1'), listEnd('5'))
    })
    const { watches } = watchesWith()
    const one = job({ role: 'pod', api_server: server.url, namespaces: { names: ['whole', 'broken'] } }, watches)
    await until(() => server.asked.length > 5)
    expect(one.updates).toEqual([])
    isWell = true
    await until(() => one.told().length === 2)
    expect(one.updates).toHaveLength(1)
  })

  test('labels of nodes and namespaces beside a list of namespaces: all nodes, those namespaces', async () => {
    const server = await api((asked) => asked.watch(listEnd('5')))
    const { watches } = watchesWith()
    const names = ['a', 'b']
    const attach_metadata = { node: true, namespace: true, deployment: true, cronjob: true }
    const one = job({ role: 'pod', api_server: server.url, namespaces: { names }, attach_metadata }, watches)
    await until(() => one.updates.length === 1)
    expect(server.asked.map(({ path, query }) => `${path} ${query.get('fieldSelector') ?? ''}`.trim()).toSorted()).toEqual([
      '/api/v1/namespaces metadata.name=a',
      '/api/v1/namespaces metadata.name=b',
      '/api/v1/namespaces/a/pods',
      '/api/v1/namespaces/b/pods',
      '/api/v1/nodes',
      '/apis/apps/v1/namespaces/a/replicasets',
      '/apis/apps/v1/namespaces/b/replicasets',
      '/apis/batch/v1/namespaces/a/jobs',
      '/apis/batch/v1/namespaces/b/jobs',
    ])
  })

  test('a selector of nodes narrows the pods to theirs', async () => {
    const node = { type: 'ADDED', object: { metadata: { name: 'n1', resourceVersion: '1' } } }
    const podOn = (name: string, nodeName: string) => {
      const { type, object } = added(name, '2')
      return { type, object: { ...object, spec: { nodeName, containers: [{ name: 'c' }] } } }
    }
    const server = await api((asked) =>
      asked.watch(...(asked.path === '/api/v1/nodes' ? [node] : [podOn('here', 'n1'), podOn('there', 'n2')]), listEnd('5')),
    )
    const { watches } = watchesWith()
    const selectors = [{ role: 'node', label: 'disk=ssd' }]
    const one = job({ role: 'pod', api_server: server.url, selectors, attach_metadata: { node: true } }, watches)
    await until(() => one.updates.length === 1)
    expect(one.told()).toEqual(['pod/n/here 1'])
    const nodes = server.asked.find(({ path }) => path === '/api/v1/nodes')
    expect(nodes?.query.get('labelSelector')).toBe('disk=ssd')
    nodes?.send({ type: 'ADDED', object: { metadata: { name: 'n2', resourceVersion: '6' } } })
    await until(() => one.told().includes('pod/n/there 1'))
    nodes?.send({ type: 'DELETED', object: { metadata: { name: 'n1', resourceVersion: '7' } } })
    await until(() => one.told().includes('pod/n/here 0'))
  })
})

describe('credentials', () => {
  test('a token that was replaced is read again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clymene-token-'))
    closing.push(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'token')
    writeFileSync(path, 'old\n')
    expect(secretFile(path)()).toBe('old')
    const server = await api((asked, index) => {
      if (asked.authorization === 'Bearer new') asked.watch(added('b', '6'))
      else if (index === 0) asked.watch(added('a', '1'), listEnd('5'))
      else asked.answer(401, statusOf(401, 'Unauthorized', 'Unauthorized'))
      if (index === 0) asked.end()
    })
    const { watches } = watchesWith({ limits: { backoffMs: [10, 50] } })
    const one = job({ role: 'pod', api_server: server.url, bearer_token_file: path }, watches)
    await until(() => server.asked.length > 2)
    writeFileSync(path, 'new\n')
    await until(() => one.told().length === 2)
    expect(one.told()).toEqual(['pod/n/a 1', 'pod/n/b 1'])
  })

  test('the service account of the pod: its token, its authority, its namespace', async () => {
    const { watches } = watchesWith({
      surroundings: { env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' }, serviceAccount: '/nowhere' },
    })
    const { logger, lines } = recordingLogger()
    const stop = new AbortController()
    const config = parseKubernetesConfig({ role: 'pod', namespaces: { own_namespace: true } }, 'k[0]')
    const running = createKubernetesDiscoverer(config, { logger, watches }).run(() => undefined, stop.signal)
    await until(() => lines.length > 0)
    stop.abort()
    await running
    expect(lines).toEqual(['error own_namespace: the namespace cannot be read'])
  })
})

describe('what is told of failures', () => {
  const failing = async (answer: (asked: Asked) => void, value: object = {}) => {
    const server = await api(answer)
    const { logger, lines } = recordingLogger()
    const { watches, metrics } = watchesWith({ logger })
    job({ role: 'pod', api_server: server.url, ...value }, watches)
    return { server, lines, metrics, watches }
  }
  const told = (lines: readonly string[]): readonly string[] => lines.filter((line) => !line.startsWith('debug'))

  test('missing rights name resource, namespace and verbs, once a minute', async () => {
    const { server, lines, metrics } = await failing(
      (asked) => asked.answer(403, statusOf(403, 'Forbidden', 'pods is forbidden: User "u" cannot watch')),
      {
        namespaces: { names: ['x'] },
      },
    )
    await until(() => server.asked.length > 5)
    expect(lines.filter((line) => !line.startsWith('debug'))).toEqual([
      'error cannot list and watch pods in namespace x: the Kubernetes API answered 403: pods is forbidden: User "u" cannot watch; it needs a Role in x with the verbs list and watch for pods of the API group ""',
    ])
    expect(await metrics.registry.getSingleMetricAsString('clymene_agent_sd_kubernetes_failures_total')).toMatch(
      /\{resource="pods",reason="403"\} \d/,
    )
  })

  test.each<[what: string, answer: (asked: Asked) => void, line: RegExp]>([
    [
      'a wrong token',
      (asked) => asked.answer(401, statusOf(401, 'Unauthorized', 'Unauthorized')),
      /^error cannot list and watch pods in all namespaces: .* 401: Unauthorized; the token or certificate is wrong or has expired$/,
    ],
    [
      'no such resource',
      (asked) => asked.answer(404, statusOf(404, 'NotFound', 'the server could not find it')),
      /^error .* 404: the server could not find it$/,
    ],
    [
      'a selector that the server refuses',
      (asked) => asked.answer(400, statusOf(400, 'BadRequest', 'field label not supported: x')),
      /^error .* 400: field label not supported: x$/,
    ],
    ['a broken server', (asked) => asked.answer(500, 'x'), /^warn .* 500: x$/],
    [
      'a connection that breaks again and again',
      (asked) => asked.cut(),
      /^warn cannot watch pods in all namespaces, the targets known stay: /,
    ],
  ])('%s', async (_what, answer, line) => {
    const { server, lines } = await failing(answer)
    await until(() => server.asked.length > 5)
    expect(told(lines)).toEqual([expect.stringMatching(line)])
  })

  test.each<[what: string, refuse: (asked: Asked) => void, refusals: number]>([
    ['rights that come', (asked) => asked.answer(403, statusOf(403, 'Forbidden', 'no')), 1],
    ['a token that is good again', (asked) => asked.answer(401, statusOf(401, 'Unauthorized', 'no')), 1],
    ['a connection that comes back', (asked) => asked.cut(), 0],
    ['a server that is mended', (asked) => asked.answer(500, 'x'), 0],
  ])('%s are told once, after what they end; what is refused stands until then', async (_what, refuse, refusals) => {
    let isGood = false
    const { server, lines, watches } = await failing((asked) => (isGood ? asked.watch(listEnd('5')) : refuse(asked)))
    await until(() => server.asked.length > 5)
    expect(watches.refusals()).toHaveLength(refusals)
    isGood = true
    await until(() => told(lines).length > 1)
    expect(told(lines)).toEqual([expect.stringMatching(/^(?:warn|error) /), 'info pods in all namespaces: watched again'])
    expect(watches.refusals()).toEqual([])
    server.asked.at(-1)?.send(added('a', '6'))
    server.asked.at(-1)?.cut()
    const before = server.asked.length
    await until(() => server.asked.length > before)
    expect(told(lines)).toHaveLength(2)
  })

  test('what was seen whole and is refused later does not stand: the targets known stay', async () => {
    let isGood = true
    const { server, lines, watches } = await failing((asked) =>
      isGood ? asked.watch(listEnd('5')) : asked.answer(403, statusOf(403, 'Forbidden', 'no')),
    )
    await until(() => server.asked.length === 1 && lines.length === 0)
    const job2 = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => job2.updates.length === 1)
    isGood = false
    server.asked[0]?.cut()
    await until(() => told(lines).length === 1)
    expect(told(lines)).toEqual([expect.stringMatching(/^error .* 403: no/)])
    expect(watches.refusals()).toEqual([])
  })

  test('a single break is nothing to tell', async () => {
    const { server, lines } = await failing((asked) => {
      asked.watch(listEnd('5'))
      if (server.asked.length === 1) setTimeout(asked.cut, 20)
    })
    await until(() => server.asked.length === 2)
    expect(lines.filter((line) => !line.startsWith('debug'))).toEqual([])
  })

  test('a server that starts and forbids once is nothing to tell', async () => {
    const { server, lines } = await failing((asked) => {
      if (server.asked.length === 1) asked.cut()
      else if (server.asked.length === 2) asked.answer(403, statusOf(403, 'Forbidden', 'not yet'))
      else asked.watch(listEnd('5'))
    })
    await until(() => server.asked.length === 3)
    expect(lines.filter((line) => !line.startsWith('debug'))).toEqual([])
  })

  test('an object that is too large is told', async () => {
    const server = await api((asked) => asked.watch(added('a', '1', { x: 'x'.repeat(2000) }), listEnd('5')))
    const { logger, lines } = recordingLogger()
    const { watches } = watchesWith({ logger, limits: { objectBytes: 1000 } })
    const one = job({ role: 'pod', api_server: server.url }, watches)
    await until(() => one.updates.length === 1)
    expect(lines).toEqual(['error one of the pods in all namespaces has more than 1000 bytes and is left out'])
  })

  test('a file of a secret that is missing is named', async () => {
    const { lines } = await failing((asked) => asked.watch(), { bearer_token_file: '/nowhere/token' })
    await until(() => lines.length > 0)
    expect(lines[0]).toMatch(/^error .*cannot read \/nowhere\/token/)
  })
})
