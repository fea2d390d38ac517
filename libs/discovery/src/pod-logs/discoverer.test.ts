import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Logger } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { describeDiscovererContract, runDiscoverer } from '../contract.ts'
import { createDiscoveryContext, type DiscoveryContextOptions } from '../discovery-context.ts'
import type { Json } from '../json.ts'
import { deleted, listEnd, startScriptedApi, statusOf, type Asked, type ScriptedApi } from '../kubernetes/scripted-api.test-kit.ts'
import { parsePodLogsConfig } from './config.ts'
import { createPodLogsDiscoverer } from './discoverer.ts'
import { createPodsOnDisk } from './pods-on-disk.test-kit.ts'

const sumOf = async (metrics: ReturnType<typeof createMetrics>, name: string): Promise<number> => {
  const metric = await metrics.registry.getSingleMetric(name)?.get()
  return metric?.values.reduce((sum, { value }) => sum + value, 0) ?? 0
}

describeDiscovererContract('pod logs, without an API server', async () => {
  const disk = createPodsOnDisk()
  const metrics = createMetrics()
  const logged: string[] = []
  const logger: Logger = { ...silentLogger, warn: (...line) => void logged.push(JSON.stringify(line)) }
  const context = createDiscoveryContext({ logger, metrics })
  const config = parsePodLogsConfig({ path: disk.root, api: false, refresh_interval: '20ms' }, 'p[0]', { forFiles: true, ownNode: 'n1' })
  disk.add('default_web_u1', 'main')
  let isSpoilt = false
  return {
    create: () => createPodLogsDiscoverer(config, context),
    nameLabel: '__path__',
    stop: async () => {
      await context.close()
      disk.close()
    },
    world: {
      add: () => disk.add('default_web_u2', 'main'),
      remove: () => disk.remove('default_web_u2'),
      fail: () => {
        renameSync(join(disk.root, 'pods'), join(disk.root, 'away'))
        writeFileSync(join(disk.root, 'pods'), '')
        isSpoilt = true
      },
      recover: () => {
        if (!isSpoilt) return
        isSpoilt = false
        rmSync(join(disk.root, 'pods'))
        renameSync(join(disk.root, 'away'), join(disk.root, 'pods'))
      },
      failures: () => sumOf(metrics, 'clymene_agent_sd_lookup_failures_total'),
      logged: () => logged.join('\n'),
    },
  }
})

type PodSaid = {
  readonly uid?: string
  readonly labels?: Json
  readonly annotations?: Json
  readonly phase?: string
}
let version = 10
const podSaid = (
  type: string,
  name: string,
  { uid = 'u1', labels = { app: 'web' }, annotations = {}, phase = 'Running' }: PodSaid = {},
) => ({
  type,
  object: {
    metadata: {
      name,
      namespace: 'default',
      uid,
      resourceVersion: String(++version),
      labels,
      annotations,
      ownerReferences: [{ kind: 'ReplicaSet', name: `${name}-rs`, controller: true }],
    },
    spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'image:1' }] },
    status: { podIP: '10.0.0.1', phase },
  },
})

describe('createPodLogsDiscoverer', () => {
  let disk = createPodsOnDisk()
  const closing: (() => unknown)[] = []
  beforeEach(() => {
    disk = createPodsOnDisk()
  })
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
    disk.close()
  })

  /** A process with one discoverer, which asks this API server when there is one. */
  function start(
    api: Pick<ScriptedApi, 'url'> | undefined,
    more: object = {},
    options: Partial<DiscoveryContextOptions> & { readonly apiWaitMs?: number } = {},
  ) {
    const warnings: string[] = []
    const warn = (message: string): void => void warnings.push(message)
    const logger: Logger = { ...silentLogger, warn, error: warn }
    const { apiWaitMs = 60_000, ...rest } = options
    const context = createDiscoveryContext({
      logger,
      metrics: createMetrics(),
      podLogs: { apiWaitMs },
      limits: { backoffMs: [1, 5] },
      surroundings: { env: {} },
      ...rest,
    })
    const value = { path: disk.root, refresh_interval: '1m', ...(api === undefined ? {} : { api_server: api.url }), ...more }
    const config = parsePodLogsConfig(value, 'p[0]', { forFiles: true, ownNode: 'n1' })
    const open = () => runDiscoverer(createPodLogsDiscoverer(config, context), '__path__')
    let running = open()
    const stop = async (): Promise<void> => {
      await running.end()
      await context.close()
    }
    closing.push(stop)
    /** Labels of the first target of a pod's folder. */
    const labelsOf = (key: string): Readonly<Record<string, string>> | undefined => {
      const group = running.groups.get(`pod-logs/${key}`)
      const [target] = group?.targets ?? []
      if (group === undefined || target === undefined) return undefined
      return Object.fromEntries([...group.labels, ...target].map(([name, label]) => [name.replace('__meta_kubernetes_', ''), label]))
    }
    return {
      warnings,
      labelsOf,
      keys: () => [...running.groups.keys()].map((key) => key.replace('pod-logs/', '')).toSorted(),
      updates: () => running.updates(),
      said: () => running.said(),
      stop: async () => {
        closing.splice(closing.indexOf(stop), 1)
        await stop()
      },
      /** As a reload does. */
      again: async () => {
        await running.end()
        running = open()
      },
    }
  }

  /** An API server that lists these and then says what it is told to. */
  async function startApi(listed: () => readonly object[]) {
    const open = new Set<Asked>()
    const api = await startScriptedApi((asked) => {
      open.add(asked)
      asked.response.on('close', () => open.delete(asked))
      if (asked.query.get('resourceVersion') === null) asked.watch(...listed(), listEnd(String(++version)))
      else asked.watch()
    })
    closing.push(api.close)
    return {
      ...api,
      say: (...events: readonly object[]) => {
        for (const asked of open) asked.send(...events)
      },
      isWatched: () => open.size > 0,
    }
  }

  const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 10 })

  test('without an API server: namespace, pod, container and uid by the path, and the own node', async () => {
    const path = disk.add('default_web_u1', 'main')
    const { labelsOf } = start(undefined)
    await until(() =>
      expect(labelsOf('default_web_u1')).toEqual({
        namespace: 'default',
        pod_name: 'web',
        pod_uid: 'u1',
        pod_node_name: 'n1',
        pod_container_name: 'main',
        __path__: path,
      }),
    )
  })

  test('what the API server knows is added', async () => {
    const path = disk.add('default_web_u1', 'main')
    const { labelsOf } = start(await startApi(() => [podSaid('ADDED', 'web', { annotations: { note: 'n' } })]))
    await until(() =>
      expect(labelsOf('default_web_u1')).toEqual({
        namespace: 'default',
        pod_name: 'web',
        pod_uid: 'u1',
        pod_node_name: 'n1',
        pod_container_name: 'main',
        pod_container_image: 'image:1',
        pod_container_init: 'false',
        pod_ip: '10.0.0.1',
        pod_phase: 'Running',
        pod_ready: 'unknown',
        pod_controller_kind: 'ReplicaSet',
        pod_controller_name: 'web-rs',
        pod_label_app: 'web',
        pod_labelpresent_app: 'true',
        pod_annotation_note: 'n',
        pod_annotationpresent_note: 'true',
        __path__: path,
      }),
    )
  })

  test('pods of the own node are asked for, beside what is selected; a pod that is not selected is left', async () => {
    disk.add('default_web_u1', 'main')
    disk.add('default_other_u2', 'main')
    const api = await startApi(() => [podSaid('ADDED', 'web')])
    const { keys } = start(api, { selectors: [{ role: 'pod', label: 'app=web' }] })
    await until(() => expect(keys()).toEqual(['default_web_u1']))
    const [asked] = api.asked
    expect([asked?.query.get('labelSelector'), asked?.query.get('fieldSelector')]).toEqual(['app=web', 'spec.nodeName=n1'])
    disk.add('default_other_u3', 'main')
    disk.add('default_web-2_u4', 'main')
    api.say(podSaid('ADDED', 'web-2', { uid: 'u4' }))
    await until(() => expect(keys()).toEqual(['default_web-2_u4', 'default_web_u1']))
  })

  test('a pod that was over before the start is collected by its path as soon as the others are known', async () => {
    disk.add('default_web_u1', 'main')
    disk.add('default_job_u2', 'main')
    const { labelsOf, updates } = start(await startApi(() => [podSaid('ADDED', 'web')]))
    await until(() => expect(labelsOf('default_job_u2')).toMatchObject({ pod_name: 'job', pod_uid: 'u2' }))
    expect(labelsOf('default_job_u2')).not.toHaveProperty('pod_phase')
    expect(labelsOf('default_web_u1')).toHaveProperty('pod_phase')
    expect(updates()).toBe(1)
  })

  test('a pod of the same name that was made anew is another one', async () => {
    disk.add('default_web_u1', 'main')
    disk.add('default_web_u2', 'main')
    const { labelsOf } = start(await startApi(() => [podSaid('ADDED', 'web', { uid: 'u2' })]))
    await until(() => expect(labelsOf('default_web_u2')).toHaveProperty('pod_label_app'))
    expect(labelsOf('default_web_u1')).not.toHaveProperty('pod_label_app')
  })

  test.each(['kubernetes.io/config.hash', 'kubernetes.io/config.mirror'])(
    'a static pod is known by its %s and keeps the uid of its folder',
    async (annotation) => {
      const hash = 'ab12'.repeat(8)
      disk.add(`default_etcd-n1_${hash}`, 'etcd')
      const { labelsOf } = start(
        await startApi(() => [podSaid('ADDED', 'etcd-n1', { uid: 'mirror', annotations: { [annotation]: hash } })]),
      )
      await until(() => expect(labelsOf(`default_etcd-n1_${hash}`)).toMatchObject({ pod_uid: hash, pod_label_app: 'web' }))
    },
  )

  test('a static pod waits for its mirror, which may come after its logs', async () => {
    const hash = 'ab12'.repeat(8)
    disk.add(`default_etcd-n1_${hash}`, 'etcd')
    const api = await startApi(() => [])
    const { labelsOf, updates } = start(api)
    await until(() => expect(api.isWatched()).toBe(true))
    api.say(podSaid('ADDED', 'etcd-n1', { uid: 'mirror', annotations: { 'kubernetes.io/config.hash': hash } }))
    await until(() => expect(labelsOf(`default_etcd-n1_${hash}`)).toHaveProperty('pod_label_app'))
    expect(updates()).toBe(1)
  })

  test('links without a uid find their pod by name, and take its uid', async () => {
    disk.link(`web_default_main-${'a'.repeat(64)}.log`, '/dev/null')
    const { labelsOf } = start(await startApi(() => [podSaid('ADDED', 'web')]))
    await until(() => expect(labelsOf('default_web_')).toMatchObject({ pod_uid: 'u1', pod_label_app: 'web' }))
  })

  test('pods and containers that come are found at once, those whose logs go are gone', async () => {
    disk.add('default_web_u1', 'main')
    const { labelsOf, keys, said } = start(undefined)
    await until(() => expect(keys()).toEqual(['default_web_u1']))
    disk.add('default_late_u2', 'init')
    await until(() => expect(keys()).toEqual(['default_late_u2', 'default_web_u1']))
    disk.add('default_late_u2', 'main')
    await until(() => expect(said()).toContain('default_late_u2/main/*.log'))
    disk.remove('default_web_u1')
    await until(() => expect(keys()).toEqual(['default_late_u2']))
    expect(labelsOf('default_late_u2')).toHaveProperty('pod_container_name', 'init')
    renameSync(join(disk.root, 'pods'), join(disk.root, 'away'))
    await until(() => expect(keys()).toEqual([]))
  })

  test('the first pod of a node is found at once, too', async () => {
    for (const folder of ['pods', 'containers']) rmSync(join(disk.root, folder), { recursive: true })
    const { keys, updates } = start(undefined)
    await until(() => expect(updates()).toBe(1))
    disk.add('default_web_u1', 'main')
    await until(() => expect(keys()).toEqual(['default_web_u1']))
  })

  test('labels stay when the API server forgets the pod before its logs are gone, also over a reload', async () => {
    disk.add('default_web_u1', 'main')
    const api = await startApi(() => [podSaid('ADDED', 'web')])
    const { labelsOf, keys, updates, again } = start(api, {}, { lingerMs: 0 })
    await until(() => expect(labelsOf('default_web_u1')).toHaveProperty('pod_label_app', 'web'))
    const before = labelsOf('default_web_u1')
    api.say(deleted('web', String(++version)), podSaid('DELETED', 'web'))
    disk.add('default_next_u2', 'main')
    api.say(podSaid('ADDED', 'next', { uid: 'u2' }))
    await until(() => expect(keys()).toContain('default_next_u2'))
    expect(labelsOf('default_web_u1')).toEqual(before)
    expect(updates()).toBe(2)
    await again()
    await until(() => expect(labelsOf('default_web_u1')).toEqual(before))
  })

  test('over a restart labels stay as they were, with and without the API server', async () => {
    const podsFile = { path: join(disk.root, 'state', 'pods.json'), mayWrite: true }
    disk.add('default_web_u1', 'main')
    const first = start(await startApi(() => [podSaid('ADDED', 'web')]), {}, { podsFile })
    await until(() => expect(first.labelsOf('default_web_u1')).toHaveProperty('pod_label_app'))
    const before = first.labelsOf('default_web_u1')
    await first.stop()
    for (const api of [await startApi(() => []), { url: 'http://127.0.0.1:1' }]) {
      const next = start(api, {}, { podsFile })
      await until(() => expect(next.labelsOf('default_web_u1')).toEqual(before))
      await next.stop()
    }
    const without = start(undefined, { api: false }, { podsFile })
    await until(() => expect(without.labelsOf('default_web_u1')).not.toHaveProperty('pod_label_app'))
  })

  test('an API server that does not answer holds up nobody for longer than a new pod waits', async () => {
    disk.add('default_web_u1', 'main')
    const hanging = await startScriptedApi(() => undefined)
    closing.push(hanging.close)
    const began = performance.now()
    const { labelsOf } = start(hanging, {}, { apiWaitMs: 300 })
    await until(() => expect(labelsOf('default_web_u1')).toMatchObject({ pod_name: 'web' }))
    expect(performance.now() - began).toBeGreaterThan(290)
    disk.add('default_late_u2', 'main')
    await until(() => expect(labelsOf('default_late_u2')).toMatchObject({ pod_name: 'late' }))
  })

  test('an API server that refuses or is away: the same, and labels are added when it comes', async () => {
    disk.add('default_web_u1', 'main')
    let mayList = false
    const api = await startScriptedApi((asked) => {
      if (!mayList) asked.answer(403, statusOf(403, 'Forbidden', 'no'))
      else asked.watch(podSaid('ADDED', 'web'), listEnd(String(++version)))
    })
    closing.push(api.close)
    const { labelsOf, said } = start(api, {}, { apiWaitMs: 50 })
    await until(() => expect(labelsOf('default_web_u1')).toMatchObject({ pod_name: 'web' }))
    mayList = true
    await until(() => expect(labelsOf('default_web_u1')).toHaveProperty('pod_label_app', 'web'))
    expect(said().match(/default_web_u1\/main/g)).toHaveLength(2)
  })

  test('selected pods are waited for as long as it takes', async () => {
    disk.add('default_web_u1', 'main')
    const api = await startScriptedApi((asked) => asked.answer(503, statusOf(503, 'ServiceUnavailable', 'starting')))
    closing.push(api.close)
    const { updates } = start(api, { selectors: [{ role: 'pod', label: 'app=web' }] }, { apiWaitMs: 1 })
    await until(() => expect(api.asked.length).toBeGreaterThan(5))
    expect(updates()).toBe(0)
  })

  test.each<[what: string, more: object, expected: readonly string[]]>([
    ['those that are named', { namespaces: ['a', 'b'] }, ['a_p_u', 'b_p_u']],
    ['all but those that are excluded', { exclude_namespaces: ['b'] }, ['a_p_u', 'c_p_u']],
    ['both', { namespaces: ['a', 'b'], exclude_namespaces: ['b'] }, ['a_p_u']],
  ])('namespaces: %s', async (_what, more, expected) => {
    for (const namespace of ['a', 'b', 'c']) disk.add(`${namespace}_p_u`, 'main')
    const { keys } = start(undefined, more)
    await until(() => expect(keys()).toEqual(expected))
  })

  test('a watch for each namespace that is named', async () => {
    const api = await startApi(() => [])
    const { updates } = start(api, { namespaces: ['a', 'b'] })
    await until(() => expect(updates()).toBe(1))
    await until(() =>
      expect(api.asked.map(({ path }) => path).toSorted()).toEqual(['/api/v1/namespaces/a/pods', '/api/v1/namespaces/b/pods']),
    )
  })

  test('the API server of the cluster is asked where there is one', async () => {
    disk.add('default_web_u1', 'main')
    const surroundings = {
      env: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' },
      serviceAccount: join(disk.root, 'none'),
    }
    const asked = start(undefined, {}, { surroundings })
    const notAsked = start(undefined, { api: false }, { surroundings })
    await until(() => expect(notAsked.keys()).toEqual(['default_web_u1']))
    expect(asked.updates()).toBe(0)
    const inAnyCase = start(undefined, { api: true }, { apiWaitMs: 1 })
    await until(() => expect(inAnyCase.keys()).toEqual(['default_web_u1']))
    await until(() => expect(inAnyCase.warnings.join('\n')).toContain('not inside a cluster'))
  })

  test('a wrong name of the node is told', async () => {
    disk.add('default_web_u1', 'main')
    const { warnings } = start(await startApi(() => []))
    await until(() =>
      expect(warnings).toEqual(['the API server names none of the pods whose logs are here: is this the name of the node?']),
    )
  })

  test('too many of them are refused whole: those that are known stay', async () => {
    for (const name of ['a', 'b']) disk.add(`default_${name}_u`, 'main')
    const { keys, warnings } = start(undefined, { refresh_interval: '20ms' }, { answerLimits: { targets: 2 } })
    await until(() => expect(keys()).toHaveLength(2))
    disk.add('default_c_u', 'main')
    await until(() => expect(warnings).toEqual(['logs of pods cannot be found, those that are known stay']))
    expect(keys()).toHaveLength(2)
  })
})
