import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { CHECKS, jobsOf } from './checks.ts'
import { parseFiles, readFiles, root } from './manifest-files.ts'
import { containersOf, pods } from './pods.ts'

const FILES = [
  'kafka/kafka',
  'prometheus/prometheus',
  'loki/loki',
  'elasticsearch/elasticsearch',
  'elasticsearch/kibana',
  'grafana/grafana',
].map((name) => `k8s/storage/${name}.yaml`)
const manifests = parseFiles(readFiles(FILES))
const all = pods(manifests)
const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

/** Their namespaces come with them, or from k8s/namespaces. */
const checks = Object.keys(CHECKS).filter((check) => !check.startsWith('namespaces are made by'))

test.each(checks)('%s', (check) => expect(CHECKS[check]?.(manifests, readFiles(FILES))).toEqual([]))

test('they serve what the manifests of Clymene name', () => {
  const services = manifests.flatMap(({ object: { kind, metadata, spec } }) =>
    kind === 'Service'
      ? (spec?.ports ?? []).map(({ port, nodePort }) => `${metadata.name}.${metadata.namespace}:${port}${nodePort ? ` ${nodePort}` : ''}`)
      : [],
  )
  expect(services).toEqual([
    'kafka.kafka:9092',
    'prometheus-server-http.prometheus:9090 30211',
    'loki.loki:3100',
    'elasticsearch.es:9200',
    'kibana.es:5601',
    'grafana.grafana:3000 30000',
  ])
})

test('no Secret is made, and no variable holds a password: what is secret comes from the cluster', () => {
  expect(manifests.filter(({ object: { kind } }) => kind === 'Secret')).toEqual([])
  const variables = all.flatMap(({ template }) => containersOf(template).flatMap(({ env = [] }) => env))
  expect(variables.filter(({ name, value }) => /PASSWORD|TOKEN|SECRET/.test(name) && value?.startsWith('/var/lib/') !== true)).toEqual([])
})

test('one version of the image of a program, and Kibana has that of Elasticsearch', () => {
  const images = new Set(all.flatMap(({ template }) => containersOf(template).map(({ image }) => image)))
  expect(images.size).toBe(6)
  const versions = [...images].flatMap((image) => /\/(?:elasticsearch|kibana):(\S+)$/.exec(image)?.[1] ?? [])
  expect(new Set(versions).size).toBe(1)
})

test('a volume that is lost with its pod holds nothing that a store keeps', () => {
  const temporary = all.flatMap(({ template }) => template.spec.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined)
  expect(new Set(temporary.map(({ name }) => name))).toEqual(new Set(['config', 'data', 'logs', 'tmp']))
})

describe('Grafana', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the test is of these very files
  const kustomization = parse(textOf('grafana/kustomization.yaml')) as {
    configMapGenerator: { name: string; files: string[] }[]
  }
  const boards = globSync('grafana/*.json', { cwd: root })
    .map((file) => basename(file))
    .filter((file) => file !== 'package.json')
    .toSorted()

  test('each board is one ConfigMap, by its number', () => {
    const generated = kustomization.configMapGenerator.map(({ name, files }) => [name, files])
    expect(generated).toEqual(boards.map((file) => [`clymene-dashboards-${file.split('.')[0]}`, [file]]))
  })

  test('all of them are mounted', () => {
    const mounted = [...textOf('k8s/storage/grafana/grafana.yaml').matchAll(/name: (clymene-dashboards-\d+), optional: true/g)]
    expect(mounted.map(([, name]) => name)).toEqual(kustomization.configMapGenerator.map(({ name }) => name))
  })

  test('its data source knows how often is scraped', () => {
    const [, interval] = /timeInterval: (\d+s)/.exec(textOf('k8s/storage/grafana/grafana.yaml')) ?? []
    const agent = parseFiles(readFiles(['k8s/clymene-metrics/2.clymene_agent.yaml']))
    expect(agent.flatMap(jobsOf).length).toBeGreaterThan(3)
    expect(textOf('k8s/clymene-metrics/2.clymene_agent.yaml')).toContain(`scrape_interval: ${interval}`)
  })

  describe('the password of its first start', () => {
    const grafana = all.find(({ name }) => name === 'Deployment grafana')
    const [, , script = ''] = grafana?.template.spec.initContainers?.[0]?.command ?? []
    let folder: string
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'clymene-grafana-'))
    })
    afterAll(() => rmSync(folder, { recursive: true }))

    const password = (name: string, before: { kept?: string; secret?: string }): string => {
      const [kept, secret] = [join(folder, name.replaceAll(' ', '-'), 'kept'), join(folder, name.replaceAll(' ', '-'), 'secret')]
      for (const path of [kept, secret]) mkdirSync(path, { recursive: true })
      if (before.kept !== undefined) writeFileSync(join(kept, 'admin-password'), before.kept)
      if (before.secret !== undefined) writeFileSync(join(secret, 'password'), before.secret)
      const here = script.replaceAll('/var/lib/grafana', kept).replaceAll('/etc/grafana-admin', secret)
      const { status, stderr } = spawnSync('sh', ['-euc', here], { encoding: 'utf8' })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      return readFileSync(join(kept, 'admin-password'), 'utf8')
    }

    test('is random where nobody gives one', () => {
      const [one, other] = [password('one', {}), password('other', { secret: '' })]
      expect(one).toMatch(/^[A-Za-z0-9+/]{32}\n$/)
      expect(other).not.toBe(one)
    })

    test.each<[what: string, before: { kept?: string; secret?: string }, expected: string]>([
      ['is that of the Secret', { secret: 'chosen' }, 'chosen'],
      ['stays what it was', { kept: 'first', secret: 'another' }, 'first'],
    ])('%s', (what, before, expected) => expect(password(what, before)).toBe(expected))
  })
})

test('all rules are in the ConfigMap that Prometheus mounts', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the test is of these very files
  const { configMapGenerator } = parse(textOf('grafana/rules/kustomization.yaml')) as {
    configMapGenerator: { name: string; files: string[] }[]
  }
  expect(configMapGenerator.map(({ name }) => name)).toEqual(['clymene-rules'])
  expect(configMapGenerator[0]?.files.toSorted()).toEqual(globSync('*.yml', { cwd: join(root, 'grafana/rules') }).toSorted())
  expect(textOf('k8s/storage/prometheus/prometheus.yaml')).toContain('rule_files: [/etc/prometheus-rules/*.yml]')
})

test('Loki with a bucket differs by its store and by nothing else', () => {
  const settings = (file: string): Record<string, unknown> => {
    const [found] = parseFiles(readFiles([file])).filter(({ object: { kind } }) => kind === 'ConfigMap')
    return parse(found?.object.data?.['loki.yaml'] ?? '')
  }
  const bucket = settings('k8s/storage/loki-s3/config.yaml')
  const files = JSON.stringify(settings('k8s/storage/loki/loki.yaml'))
  const same = JSON.parse(JSON.stringify(bucket).replaceAll('"s3"', '"filesystem"'))
  same.common.storage = JSON.parse(files).common.storage
  expect(same).toEqual(JSON.parse(files))
  expect(JSON.stringify(bucket)).toContain('"secret_access_key":"${S3_SECRET_ACCESS_KEY}"')
})

test.each(['k8s/storage/README.md', 'k8s/lab/README.md'])('%s points to what is there', (page) => {
  const links = [...textOf(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link]) => link ?? '')
  expect(links.length).toBeGreaterThan(2)
  expect(links.filter((link) => !existsSync(join(root, page, '..', link)))).toEqual([])
})
