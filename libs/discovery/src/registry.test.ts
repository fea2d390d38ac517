import { ConfigError } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { firstGroups } from './contract.ts'
import { createDiscoveryContext } from './discovery-context.ts'
import { isDiscoveryKey, parseDiscovery } from './registry.ts'

const configOf = (config: object): ReadonlyMap<string, unknown> => new Map(Object.entries(config))

test('reads the discovery keys and leaves the others', async () => {
  const configs = parseDiscovery(
    configOf({ job_name: 'x', static_configs: [{ targets: ['a:1'] }], file_sd_configs: [{ files: ['a.json'] }, { files: ['b.yml'] }] }),
    'scrape_configs[0]',
  )
  expect(configs.map(({ kind }) => kind)).toEqual(['static_configs', 'file_sd_configs', 'file_sd_configs'])
  const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })
  const [first] = configs.map(({ create }) => create(context))
  expect(first && (await firstGroups(first)).length).toBe(1)
})

test('tells every mistake of every key', () => {
  const config = configOf({
    job_name: 'x',
    consul_sd_configs: [{ server: '' }, { scheme: 'tcp' }],
    static_configs: [{ target: [] }],
    file_sd_configs: [{ files: [] }, { files: ['a.txt'] }],
    gce_sd_configs: [{ project: 'p' }],
  })
  let mistakes: readonly string[] = []
  try {
    parseDiscovery(config, 'scrape_configs[2]')
  } catch (error) {
    mistakes = error instanceof ConfigError ? error.mistakes : []
  }
  expect(mistakes).toEqual([
    'scrape_configs[2].consul_sd_configs[0].server: expected an address such as consul:8500, https://consul:8501 or unix:///run/consul.sock, without user and query',
    'scrape_configs[2].consul_sd_configs[1].scheme: expected http or https',
    'scrape_configs[2].static_configs[0].target: unknown key (known: targets, labels)',
    'scrape_configs[2].file_sd_configs[0].files: expected a list of at least one path, found []',
    'scrape_configs[2].file_sd_configs[1].files[0]: expected a path that ends with .json, .yml or .yaml and has a * in its last part only, found "a.txt"',
    'scrape_configs[2].gce_sd_configs: is not one of the kinds of discovery that are built in; let a small server give the targets as JSON to http_sd_configs (docs/discovery.md#other-kinds)',
  ])
})

test.each([
  ['static_configs', true],
  ['http_sd_configs', true],
  ['docker_sd_configs', true],
  ['serverset_sd_configs', true],
  ['relabel_configs', false],
  ['my_sd_configs', false],
])('isDiscoveryKey(%s) is %s', (key, expected) => {
  expect(isDiscoveryKey(key)).toBe(expected)
})

/** Every kind of Prometheus 3.15, and what Promtail has beside them. */
const KINDS = (
  'aws azure consul consulagent digitalocean dns docker dockerswarm ec2 ecs elasticache eureka file gce hetzner http ionos kubernetes kuma lightsail ' +
  'linode marathon msk nerve nomad oci openstack outscale ovhcloud puppetdb rds scaleway serverset stackit triton uyuni vultr'
).split(' ')
const BUILT_IN: ReadonlySet<string> = new Set(['consul', 'dns', 'docker', 'file', 'http', 'kubernetes'])

test.each(KINDS)('%s is built in, or refused with the way round', (kind) => {
  const key = `${kind}_sd_configs`
  expect(isDiscoveryKey(key)).toBe(true)
  const parse = () => parseDiscovery(new Map([[key, []]]), 's')
  if (BUILT_IN.has(kind)) expect(parse()).toEqual([])
  else expect(parse).toThrow(/^s\.\w+: is not one of the kinds .* http_sd_configs/)
})
