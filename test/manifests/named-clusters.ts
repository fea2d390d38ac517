import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { blocksOf } from '../docs/commands.ts'
import { type CommandOutcome, outcomeOf } from '../engines/kubernetes-command.ts'
import { kubernetesProgram } from '../engines/kubernetes-programs.ts'
import { root } from './manifest-files.ts'
import type { KubernetesObject } from './objects.ts'
import { documentsOf, manifestsOf } from './rendered.ts'

const PAGE = 'k8s/README.md'
const TARGET = 'k8s/overlays/production-target'
const MAIN = 'k8s/overlays/main'

/** Clusters that are a kustomization each, as the page has it, compared with `rendered`, the overlays as they stand, by folder. */
export function describeNamedClusters(rendered: ReadonlyMap<string, string>): void {
  describe('a cluster in a kustomization of its own', () => {
    const [page = '', mainPage = ''] = blocksOf(PAGE, 'yaml')
    let folder = ''
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'clymene-clusters-'))
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    /** The page's, and others, lie beside a clone and a folder of images. */
    const render = (name: string, text: string): Promise<CommandOutcome> => {
      const place = join(folder, name)
      mkdirSync(place)
      const k8s = relative(place, join(root, 'k8s'))
      writeFileSync(
        join(place, 'kustomization.yaml'),
        text.replaceAll('../clymene/k8s', k8s).replace('../images', `${k8s}/components/images`),
      )
      return outcomeOf(kubernetesProgram('kubectl'), ['kustomize', place])
    }

    test('has its name and its gateways, and nothing else that is not in all of them', async () => {
      const other = page.replace('cluster-b', '123').replaceAll(/192\.0\.2\.1\d:/g, 'gateways.example:')
      const [b, c] = await Promise.all([render('cluster-b', page), render('cluster-c', other)])
      expect(changesBetween(rendered.get(TARGET), b)).toEqual([
        ...named('"target-cluster"', '"cluster-b"'),
        ['- --cluster=target-cluster', '- --cluster=cluster-b'],
        gateways('GATEWAY_NODE_IP:30611', '192.0.2.11:15610'),
        gateways('GATEWAY_NODE_IP:30610', '192.0.2.10:15610'),
        gateways('GATEWAY_NODE_IP:30611', '192.0.2.11:15610'),
      ])
      expect(changesBetween(b.output, c)).toEqual([
        ...named('"cluster-b"', '"123"'),
        ['- --cluster=cluster-b', '- --cluster=123'],
        gateways('192.0.2.11:15610', 'gateways.example:15610'),
        gateways('192.0.2.10:15610', 'gateways.example:15610'),
        gateways('192.0.2.11:15610', 'gateways.example:15610'),
      ])
    })

    test('what the page greps for is there until both components and all literals are', async () => {
      const [, pattern = ''] = /grep -E '([^']+)'` finds nothing/.exec(readFileSync(join(root, PAGE), 'utf8')) ?? []
      const left = new RegExp(pattern.replaceAll('\\|', '|'))
      const without = async (what: string, text: string): Promise<string> => (await render(`left-${what}`, text)).output
      expect(await without('nothing', page)).not.toMatch(left)
      expect(await without('name', page.replace(/, \S+\/cluster-name/, ''))).toMatch(left)
      expect(await without('addresses', page.replace(/, \S+gateway-addresses/, ''))).toMatch(left)
      expect(await without('text', page.replace('name=cluster-b', 'name='))).toMatch(left)
    })

    test('the example is that of the page', () => {
      expect(rendered.get('k8s/examples/observed-cluster')).toContain('--cluster=cluster-b')
      const literals = (text: string): readonly string[] => text.match(/^ +- \S+=\S+$/gm) ?? []
      expect(literals(page)).toHaveLength(3)
      expect(literals(readFileSync(join(root, 'k8s/examples/observed-cluster/kustomization.yaml'), 'utf8'))).toEqual(literals(page))
    })

    test('the main one of the page lets in those that call it', async () => {
      const { status, errors, output } = await render('main-of-the-page', mainPage)
      expect({ status, errors }).toEqual({ status: 0, errors: '' })
      const objects = manifestsOf(documentsOf(new Map([['main', output]]))).map(({ object }) => object)
      const [metrics, logs] = ['clymene-gateway', 'promtail-gateway'].map((name) => portsFromOutside(objects, name))
      const [toMetrics, toLogs] = ['metrics', 'logs'].map((kind) => calledBy(page, kind))
      expect(metrics).toContain(toMetrics?.port)
      expect(logs).toContain(toLogs?.port)
      // Two Services of one port are two load balancers, each of an address of its own.
      expect(toMetrics?.port === toLogs?.port).toBe(toMetrics?.host !== toLogs?.host)
    })

    test('the main one has its name', async () => {
      const main = page
        .replace('production-target', 'main')
        .replace(/, \S+gateway-addresses/, '')
        .replaceAll(/^.*-gateway=.*\n/gm, '')
      expect(changesBetween(rendered.get(MAIN), await render('main', main))).toEqual([
        ...named('"clymene-cluster"', '"cluster-b"'),
        ['- --cluster=clymene-cluster', '- --cluster=cluster-b'],
      ])
    })

    test.each<[what: string, without: RegExp, told: string]>([
      ['the ConfigMap', /^configMapGenerator:\n.*/ms, 'nothing selected by ConfigMap.[noVer].[noGrp]/clymene-cluster.'],
      ['a name', /^.*- name=.*\n/m, 'fieldPath `data.name` is missing'],
      ['a gateway', /^.*- logs-gateway=.*\n/m, 'fieldPath `data.logs-gateway` is missing'],
    ])('without %s nothing is rendered, and it is told', async (what, without, told) => {
      const text = page.replace(without, '')
      expect(text).not.toBe(page)
      const { status, errors } = await render(what.replaceAll(' ', '-'), text)
      expect({ status, errors }).toEqual({ status: 1, errors: expect.stringContaining(told) })
    })
  })
}

/** Where the agents of a cluster send, by its literals. */
function calledBy(page: string, kind: string): { readonly host: string; readonly port: number } | undefined {
  const [, host = '', port = ''] = new RegExp(`- ${kind}-gateway=([^\\s:,]+):(\\d+)$`, 'm').exec(page) ?? []
  return host === '' ? undefined : { host, port: Number(port) }
}

/** On which ports other clusters reach a Service for gRPC: those of its load balancer, or of the nodes. */
function portsFromOutside(objects: readonly KubernetesObject[], name: string): readonly (number | undefined)[] {
  const { type, ports = [] } = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === name)?.spec ?? {}
  const grpc = ports.filter((port) => port.name.includes('grpc'))
  if (type === 'LoadBalancer') return grpc.map(({ port }) => port)
  return type === 'NodePort' ? grpc.map(({ nodePort }) => nodePort) : []
}

type Change = readonly [before: string | undefined, after: string | undefined]

const gateways = (before: string, after: string): Change => {
  const flag = '- --gateway.grpc-client.host-port='
  return [`${flag}${before}`, `${flag}${after}`]
}

/** In the two ConfigMaps. */
const named = (before: string, after: string): readonly Change[] =>
  Array.from({ length: 2 }, () => [`replacement: ${before}`, `replacement: ${after}`])

/** Lines that are not the same, without what indents them. */
function changesBetween(before: string | undefined, { status, output, errors }: CommandOutcome): readonly Change[] {
  expect({ status, errors }).toEqual({ status: 0, errors: '' })
  const [lines, others] = [before?.split('\n') ?? [], output.split('\n')]
  return Array.from({ length: Math.max(lines.length, others.length) }, (_, index): Change => [
    lines[index]?.trim(),
    others[index]?.trim(),
  ]).filter(([one, other]) => one !== other)
}
