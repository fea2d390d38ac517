import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { agentCommand } from '@clymene/agent'
import { gatewayCommand } from '@clymene/gateway'
import { ingesterCommand } from '@clymene/ingester'
import type { Command } from '@clymene/runtime'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { variablesOfContainer } from './configured.ts'
import { closure, type Kustomization, type KustomizePatch, kustomizations } from './kustomizations.ts'
import { type Manifest, manifestFiles, parseFiles, readFiles, root } from './manifest-files.ts'

const all = kustomizations()
const applied = all.filter(({ folder }) => /^k8s\/(?:overlays|examples)\/|^k8s\/lab$/.test(folder))
const components = all.filter(({ isComponent }) => isComponent)
const version: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
const readme = readFileSync(join(root, 'k8s/README.md'), 'utf8')

/** By folder: the objects of its own files, and the ConfigMaps that it makes, by name. */
const own = new Map(
  all.map(({ folder, resources, configMapGenerator }) => {
    const made = configMapGenerator.map(({ name }): Manifest => ({
      file: folder,
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
    }))
    return [folder, [...parseFiles(readFiles(resources.filter((file) => file.endsWith('.yaml')))), ...made]]
  }),
)
const manifestsIn = (folders: Iterable<string>): readonly Manifest[] => [...folders].flatMap((folder) => own.get(folder) ?? [])

test.each(all.map((one) => [one.folder, one] as const))('%s says at its top what it is, when one takes it and how', (_folder, { text }) => {
  const comment = text.slice(0, text.indexOf('\napiVersion:'))
  expect(comment.split('\n').filter((line) => !line.startsWith('#'))).toEqual([])
  for (const word of ['What', 'When', 'How']) expect(comment).toMatch(new RegExp(`^# ${word}: `, 'm'))
})

test('k8s/README.md names every folder with a kustomization', () => {
  const folders = all.map(({ folder }) => folder).filter((folder) => folder.startsWith('k8s/'))
  expect(folders.filter((folder) => !readme.includes(`](${folder.slice('k8s/'.length)})`))).toEqual([])
})

test('every file that the guide creates is in a base, but for the namespaces, which are there again, and metrics-server', () => {
  const listed = new Set(all.flatMap(({ resources }) => resources))
  const missing = manifestFiles().filter((file) => !listed.has(file) && !file.startsWith('k8s/examples/sidecar-'))
  expect(missing).toEqual(['k8s/0.namespaces.yaml', 'k8s/clymene-metrics/metrics-server.yaml'])
  const [ours, again] = [...readFiles(['k8s/0.namespaces.yaml', 'k8s/namespaces/namespaces.yaml']).values()]
  expect(again).toBe(ours)
})

describe('components', () => {
  test.each(components.map((one) => [one.folder, one] as const))('%s is used, and all that it patches is there', (folder, component) => {
    const users = applied.filter((one) => closure(all, one.folder).has(folder))
    expect(users.length).toBeGreaterThan(0)
    const worlds = users.map((user) => manifestsIn(closure(all, user.folder)))
    const missed = component.patches.filter((patch) => !worlds.some((world) => world.some((one) => isHit(patch, one))))
    expect(missed.map(({ target }) => target)).toEqual([])
    // And each of those who use it gets something of it.
    const idle = users.filter((_, index) => !component.patches.some((patch) => worlds[index]?.some((one) => isHit(patch, one)) === true))
    if (component.resources.length === 0 && component.images.length === 0) expect(idle.map((user) => user.folder)).toEqual([])
  })

  test.each(components.filter(({ replacements }) => replacements.length > 0).map((one) => [one.folder, one] as const))(
    '%s finds what it reads wherever it is used, and all that it writes to in one of these places',
    (folder, { replacements }) => {
      const worlds = applied.filter((one) => closure(all, one.folder).has(folder)).map((user) => manifestsIn(closure(all, user.folder)))
      const isThere = (world: readonly Manifest[], target: KustomizePatch['target']): boolean =>
        world.some((one) => isHit({ target, patch: '' }, one))
      const unread = replacements.filter(({ source }) => !worlds.every((world) => isThere(world, source)))
      const unwritten = replacements.flatMap(({ targets }) =>
        targets.filter(({ select }) => !worlds.some((world) => isThere(world, select))),
      )
      expect({ unread, unwritten }).toEqual({ unread: [], unwritten: [] })
    },
  )

  test('what an overlay patches is there', () => {
    const missed = applied.flatMap(({ folder, patches }) => {
      const world = manifestsIn(closure(all, folder))
      return patches.filter((patch) => !world.some((one) => isHit(patch, one))).map(({ target }) => [folder, target])
    })
    expect(missed).toEqual([])
  })

  test('a patch of an object that nobody has is found', () => {
    const world = manifestsIn(closure(all, 'k8s/overlays/main'))
    expect(world.some((one) => isHit({ target: { kind: 'Deployment', name: 'clymene-gateways?' }, patch: '' }, one))).toBe(true)
    expect(world.some((one) => isHit({ target: { kind: 'Deployment', name: 'clymene-gate' }, patch: '' }, one))).toBe(false)
    expect(world.some((one) => isHit({ target: { kind: 'StatefulSet', name: 'clymene-gateway' }, patch: '' }, one))).toBe(false)
  })

  test('variables that they set are flags of what runs in the container', () => {
    const ours = components.filter(({ folder }) => folder.startsWith('k8s/components/'))
    const set = ours.flatMap((component) => component.patches.flatMap((patch) => variablesOf(component, patch)))
    expect(set.length).toBeGreaterThan(60)
    expect(set.filter(({ container, name }) => !variablesOfContainer(container).has(name))).toEqual([])
  })
})

describe('pods that runbooks start', () => {
  type Rule = { readonly from?: readonly { podSelector?: { matchLabels?: Record<string, string> } }[]; readonly ports?: { port: number }[] }
  const policies = manifestsIn(['k8s/components/network-policies', 'k8s/components/network-policies-target']).map(({ object }) => object)
  const isFor = (app: string, { podSelector }: { podSelector?: { matchLabels?: Record<string, string> } }): boolean =>
    podSelector?.matchLabels?.['app'] === app

  test('reach whatever the metrics agent scrapes', () => {
    const allowed = policies.map(({ metadata: { namespace, name }, spec }) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the API server checks the shape of every field
      const { ingress = [] } = (spec ?? {}) as { ingress?: readonly Rule[] }
      const ports = (app: string) => ingress.filter(({ from = [] }) => from.some((peer) => isFor(app, peer))).flatMap((rule) => rule.ports)
      return { name: `${namespace} ${name}`, agent: ports('clymene-agent'), look: ports('clymene-look') }
    })
    expect(allowed.filter(({ agent }) => agent.length > 0)).toHaveLength(10)
    expect(allowed.filter(({ agent, look }) => JSON.stringify(agent) !== JSON.stringify(look))).toEqual([])
  })

  test('are let out in each namespace that is closed', () => {
    const namespaces = (wanted: string) =>
      policies.filter(({ metadata }) => metadata.name === wanted).map(({ metadata }) => metadata.namespace)
    expect(namespaces('clymene-look')).toEqual(namespaces('default-deny'))
  })

  test('send dead letters to whatever an ingester writes to', () => {
    const egress = (wanted: RegExp): readonly string[] =>
      policies
        .filter(({ metadata }) => metadata.namespace === 'clymene' && wanted.test(metadata.name))
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the API server checks the shape of every field
        .flatMap(({ spec }) => ((spec ?? {}) as { egress?: readonly unknown[] }).egress ?? [])
        .map((rule) => JSON.stringify(rule))
    const ofIngesters = egress(/-ingester$/)
    expect(ofIngesters).toHaveLength(6)
    expect(egress(/^clymene-look$/)).toEqual(expect.arrayContaining([...ofIngesters]))
  })
})

test('lines of the journal have the name of the node, which the DaemonSet gives, not that of the host', () => {
  const [job] = manifestsIn(['k8s/components/journal']).map(({ object }) => object.data?.['job'] ?? '')
  expect(job).toContain('job_name: journal')
  expect(job).not.toContain('node_name')
  const agents = manifestsIn(['k8s/clymene-logs', 'k8s/target-cluster']).filter(({ object }) => object.metadata.name === 'clymene-promtail')
  expect(agents.filter(({ object }) => JSON.stringify(object).includes('node_name=$(HOSTNAME)'))).toHaveLength(2)
})

/** kustomize matches the whole name. */
const isHit = ({ target: { kind: wanted, name = '.*' } }: KustomizePatch, { object: { kind, metadata } }: Manifest): boolean =>
  (wanted === undefined || wanted === kind) && new RegExp(`^(?:${name})$`).test(metadata.name)

type Patched = { readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly PatchedContainer[] } } } }
type PatchedContainer = { readonly name: string; readonly env?: readonly { readonly name: string }[] }

function variablesOf({ folder }: Kustomization, { patch }: KustomizePatch) {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the API server checks the shape of every field
  const { spec } = parse(patch) as Patched
  return (spec?.template?.spec?.containers ?? []).flatMap(({ name: container, env = [] }) =>
    env.map(({ name }) => ({ folder, container, name })),
  )
}

describe('images', () => {
  const [component] = all.filter(({ folder }) => folder === 'k8s/components/images')

  test('whatever is applied takes them from the one place', () => {
    expect(applied.filter(({ folder }) => !closure(all, folder).has('k8s/components/images')).map(({ folder }) => folder)).toEqual([])
    const others = all.filter(({ images, folder }) => folder !== 'k8s/components/images' && images.length > 0)
    expect(others.map(({ folder }) => folder)).toEqual([])
  })

  test('all of ours are there', () => {
    const used = [...readFiles(manifestFiles()).values()].flatMap((text) =>
      [...text.matchAll(/image: (bourbonkk\/[^:\s]+)/g)].map(([, name]) => name),
    )
    const known = component?.images.map(({ name }) => name) ?? []
    expect(known).toEqual(expect.arrayContaining([...new Set(used), 'bourbonkk/clymene', 'bourbonkk/clymene-all-in-one']))
  })

  test('with the version of package.json, as long as nobody has edited it', () => {
    expect(new Set(component?.images.map(({ newTag }) => newTag))).toEqual(new Set([version]))
  })
})

const defaultOf = ({ groups }: Command, flag: string): string =>
  groups.flatMap(({ flags }) => Object.entries(flags)).find(([name]) => name === flag)?.[1].defaultText ?? `no flag ${flag}`

describe('what is fitted to the default of a flag', () => {
  const objects = manifestsIn(all.map(({ folder }) => folder)).map(({ object }) => object)

  test.each<[flag: string, command: Command, pods: RegExp]>([
    ['buffer.drain-timeout', agentCommand, /^clymene-(?:agent|events|promtail)$/],
    ['gateway.drain-timeout', gatewayCommand, /-gateway$/],
    ['kafka.consumer.stop-timeout', ingesterCommand, /-ingester$/],
  ])('%s, and 10 s to close what is open, are over before the pod is killed', (flag, command, name) => {
    const drain = Number(/^(\d+)s$/.exec(defaultOf(command, flag))?.[1])
    const graces = objects
      .filter(({ spec, metadata }) => spec?.template !== undefined && name.test(metadata.name))
      .map(({ spec }) => spec?.template?.spec.terminationGracePeriodSeconds ?? 0)
    expect(graces.length).toBeGreaterThan(1)
    expect(Math.min(...graces)).toBeGreaterThanOrEqual(drain + 10)
  })

  test('as many ingesters as partitions, and no more', () => {
    const partitions = Number(defaultOf(gatewayCommand, 'kafka.producer.topic-partitions'))
    const ingesters = objects.filter(({ metadata }) => metadata.name.endsWith('-ingester'))
    const most = ingesters.flatMap(({ kind, spec }) => (kind === 'HorizontalPodAutoscaler' ? [spec?.maxReplicas] : []))
    expect(most).toEqual([partitions, partitions])
    expect(ingesters.flatMap(({ kind, spec }) => (kind === 'Deployment' ? [spec?.replicas] : []))).toEqual([partitions, partitions])
  })

  test('an Ingress lets pass what a gateway takes', () => {
    const sizes = objects.flatMap(({ kind, metadata: { annotations = {} } }) =>
      kind === 'Ingress' ? [annotations['nginx.ingress.kubernetes.io/proxy-body-size']] : [],
    )
    expect(new Set(sizes)).toEqual(new Set([defaultOf(gatewayCommand, 'gateway.max-body-bytes').replace('MiB', 'm')]))
  })
})
