import type { TargetGroup } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { ATTACH_NOTHING, attachedResources, type Attach } from './attach.ts'
import { fixture, lookupIn, plain } from './fixtures.test-kit.ts'
import type { Json } from './json.ts'
import { RESOURCES, type Resource } from './resources.ts'
import { groupOf, type Role } from './roles.ts'

const ALL: Attach = { node: true, namespace: true, deployment: true, job: true, cronjob: true }

const controlledBy = (kind: string, name: string) => ({
  ownerReferences: [
    { kind: 'Other', name: 'o' },
    { kind, name, controller: true },
  ],
})
const object = (name: string, namespace: string | undefined, metadata: Json = {}, more: Json = {}): Json => ({
  metadata: { name, ...(namespace !== undefined && { namespace }), ...metadata },
  ...more,
})
const podOf = (kind: string, name: string): Json =>
  object('p', 'n', controlledBy(kind, name), { spec: { nodeName: 'worker-1', containers: [{}] }, status: { podIP: '1.1.1.1' } })
const SHOP: readonly [Resource, Json] = ['namespaces', object('n', undefined, { labels: { team: 'a' }, annotations: { owner: 'b' } })]

/** All labels of the first target of an object, with these others beside it. */
function labelsOf(attach: Attach, resource: Resource, one: Json, ...others: readonly (readonly [Resource, Json])[]) {
  const lookup = lookupIn(...others.map(([kind, other]) => RESOURCES[kind].read(other)))
  const { group, uses } = groupOf(RESOURCES[resource].read(one), attach, lookup)
  return { labels: allLabels(group), uses: [...uses] }
}
const allLabels = ({ labels, targets }: TargetGroup) => plain(new Map([...labels, ...(targets[0] ?? [])]))

const WORKLOADS: Partial<Attach> = { deployment: true, job: true, cronjob: true }

describe('namespace', () => {
  const addresses = [{ ip: '1.1.1.1' }]
  test.each<[resource: Resource, object: Json]>([
    ['pods', podOf('ReplicaSet', 'web-1')],
    ['services', object('s', 'n', {}, { spec: { ports: [{ port: 1 }] } })],
    ['endpoints', object('e', 'n', {}, { subsets: [{ ports: [{ port: 1 }], addresses }] })],
    ['endpointslices', object('e', 'n', {}, { endpoints: [{ addresses: ['1.1.1.1'] }], ports: [{ port: 1 }] })],
    ['ingresses', object('i', 'n', {}, { spec: { rules: [{ host: 'h' }] } })],
  ])('gives its labels and annotations to %s, which are made anew with it', (resource, one) => {
    const attach = { ...ATTACH_NOTHING, namespace: true }
    const { labels, uses } = labelsOf(attach, resource, one, SHOP)
    const expected = {
      namespace_label_team: 'a',
      namespace_labelpresent_team: 'true',
      namespace_annotation_owner: 'b',
      namespace_annotationpresent_owner: 'true',
    }
    expect(labels).toMatchObject({ namespace: 'n', ...expected })
    expect(labels).not.toHaveProperty('namespace_name')
    expect(uses).toContain('namespaces n')
    expect(labelsOf(attach, resource, one)).toMatchObject({ labels: { namespace: 'n' }, uses: expect.arrayContaining(['namespaces n']) })
    expect(labelsOf(ATTACH_NOTHING, resource, one, SHOP).labels).not.toHaveProperty('namespace_label_team')
  })
})

describe('the workload of a pod', () => {
  const replicaSet = (owner: object = controlledBy('Deployment', 'web')): readonly [Resource, Json] => [
    'replicasets',
    object('web-1', 'n', { ...owner }),
  ]
  const job = (owner: object = controlledBy('CronJob', 'backup')): readonly [Resource, Json] => [
    'jobs',
    object('backup-1', 'n', { ...owner }),
  ]
  test.each<
    [
      what: string,
      attach: Partial<Attach>,
      pod: Json,
      others: readonly (readonly [Resource, Json])[],
      names: object,
      uses: readonly string[],
    ]
  >([
    [
      'a Deployment',
      { deployment: true },
      podOf('ReplicaSet', 'web-1'),
      [replicaSet()],
      { pod_deployment_name: 'web' },
      ['replicasets n/web-1'],
    ],
    ['a ReplicaSet that is not known yet', { deployment: true }, podOf('ReplicaSet', 'web-1'), [], {}, ['replicasets n/web-1']],
    ['a ReplicaSet of its own', { deployment: true }, podOf('ReplicaSet', 'web-1'), [replicaSet({})], {}, ['replicasets n/web-1']],
    [
      'a ReplicaSet of something else',
      { deployment: true },
      podOf('ReplicaSet', 'web-1'),
      [replicaSet(controlledBy('Rollout', 'web'))],
      {},
      ['replicasets n/web-1'],
    ],
    ['a Deployment that is not asked for', { job: true, cronjob: true }, podOf('ReplicaSet', 'web-1'), [replicaSet()], {}, []],
    ['a StatefulSet', WORKLOADS, podOf('StatefulSet', 'db'), [], {}, []],
    ['a Job', { job: true }, podOf('Job', 'backup-1'), [], { pod_job_name: 'backup-1' }, []],
    ['a CronJob', { cronjob: true }, podOf('Job', 'backup-1'), [job()], { pod_cronjob_name: 'backup' }, ['jobs n/backup-1']],
    [
      'a CronJob and its Job',
      WORKLOADS,
      podOf('Job', 'backup-1'),
      [job()],
      { pod_job_name: 'backup-1', pod_cronjob_name: 'backup' },
      ['jobs n/backup-1'],
    ],
    ['a Job of its own', { cronjob: true }, podOf('Job', 'backup-1'), [job({})], {}, ['jobs n/backup-1']],
    ['a Job that is not asked for', { deployment: true }, podOf('Job', 'backup-1'), [job()], {}, []],
  ])('%s', (_what, attach, pod, others, names, uses) => {
    const found = labelsOf({ ...ATTACH_NOTHING, ...attach }, 'pods', pod, ...others)
    expect(Object.fromEntries(Object.entries(found.labels).filter(([name]) => /^pod_(deployment|job|cronjob)_/.test(name)))).toEqual(names)
    expect(found.uses).toEqual(uses)
  })

  const targetRef = { kind: 'Pod', name: 'p', namespace: 'n' }
  test.each<[resource: Resource, object: Json]>([
    ['endpoints', object('e', 'n', {}, { subsets: [{ ports: [{ port: 1 }], addresses: [{ ip: '1.1.1.1', targetRef }] }] })],
    ['endpointslices', object('e', 'n', {}, { endpoints: [{ addresses: ['1.1.1.1'], targetRef }], ports: [{ port: 1 }] })],
  ])('is told by %s that lead to the pod, on its other ports too', (resource, one) => {
    const pod = podOf('ReplicaSet', 'web-1')
    const withPort = { ...pod, spec: { containers: [{ ports: [{ containerPort: 9 }] }] } }
    const lookup = lookupIn(RESOURCES.pods.read(withPort), RESOURCES.replicasets.read(replicaSet()[1]))
    const { group, uses } = groupOf(RESOURCES[resource].read(one), { ...ATTACH_NOTHING, deployment: true }, lookup)
    expect(group.targets.map((target) => target.get('__meta_kubernetes_pod_deployment_name'))).toEqual(['web', 'web'])
    expect([...uses]).toContain('replicasets n/web-1')
  })
})

test('a pod with everything', () => {
  const { labels, uses } = labelsOf(
    ALL,
    'pods',
    podOf('ReplicaSet', 'web-1'),
    SHOP,
    ['nodes', fixture('node')],
    ['replicasets', object('web-1', 'n', controlledBy('Deployment', 'web'))],
  )
  expect(labels).toMatchObject({ node_name: 'worker-1', namespace_label_team: 'a', pod_deployment_name: 'web' })
  expect(uses).toEqual(['nodes worker-1', 'namespaces n', 'replicasets n/web-1'])
})

test.each<[role: Role, expected: readonly Resource[]]>([
  ['node', []],
  ['service', ['namespaces']],
  ['ingress', ['namespaces']],
  ['pod', ['namespaces', 'nodes', 'replicasets', 'jobs']],
  ['endpoints', ['namespaces', 'nodes', 'replicasets', 'jobs']],
  ['endpointslice', ['namespaces', 'nodes', 'replicasets', 'jobs']],
])('the role %s watches for it %j', (role, expected) => {
  expect(attachedResources(role, ALL)).toEqual(expected)
  expect(attachedResources(role, { ...ATTACH_NOTHING, job: true })).toEqual([])
})

test('a ReplicaSet is kept without what no label shows', () => {
  const read = RESOURCES.replicasets.read(object('r', 'n', { uid: 'u', labels: { a: 'b' }, annotations: { c: 'd' } }))
  expect(read).toEqual({
    kind: 'replicasets',
    key: 'n/r',
    namespace: 'n',
    name: 'r',
    uid: 'u',
    version: '',
    labels: [],
    annotations: [],
    controller: undefined,
  })
})
