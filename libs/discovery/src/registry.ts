import { collectMistakes, ConfigError, shown } from '@clymene/model'

import { parseConsulConfig } from './consul/config.ts'
import { createConsulDiscoverer } from './consul/discoverer.ts'
import type { DiscovererConfig, ParseOptions } from './discoverer-config.ts'
import { parseDnsConfig } from './dns/config.ts'
import { createDnsDiscoverer } from './dns/discoverer.ts'
import { parseDockerConfig } from './docker/config.ts'
import { createDockerDiscoverer } from './docker/discoverer.ts'
import { parseFileConfig } from './file/config.ts'
import { createFileDiscoverer } from './file/discoverer.ts'
import { parseHttpConfig } from './http/config.ts'
import { createHttpDiscoverer } from './http/discoverer.ts'
import { parseKubernetesConfig } from './kubernetes/config.ts'
import { createKubernetesDiscoverer } from './kubernetes/discoverer.ts'
import { parsePodLogsConfig } from './pod-logs/config.ts'
import { createPodLogsDiscoverer } from './pod-logs/discoverer.ts'
import { createStaticDiscoverer, parseStaticConfig } from './static/discoverer.ts'

type Parse = (value: unknown, where: string, options: ParseOptions) => readonly DiscovererConfig[]

/** What stands under each key of a scrape configuration. A new discoverer is one folder and one line here. */
const DISCOVERERS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  [
    'static_configs',
    (value, where, options) => {
      const config = parseStaticConfig(value, where, options)
      return [{ kind: 'static_configs', create: () => createStaticDiscoverer(config) }]
    },
  ],
  ['file_sd_configs', each('file_sd_configs', parseFileConfig, createFileDiscoverer)],
  ['http_sd_configs', each('http_sd_configs', parseHttpConfig, createHttpDiscoverer)],
  ['dns_sd_configs', each('dns_sd_configs', parseDnsConfig, createDnsDiscoverer)],
  ['consul_sd_configs', each('consul_sd_configs', parseConsulConfig, createConsulDiscoverer)],
  ['docker_sd_configs', each('docker_sd_configs', parseDockerConfig, createDockerDiscoverer)],
  ['kubernetes_sd_configs', each('kubernetes_sd_configs', parseKubernetesConfig, createKubernetesDiscoverer, ({ ofNode }) => ofNode)],
  ['pod_logs_sd_configs', each('pod_logs_sd_configs', parsePodLogsConfig, createPodLogsDiscoverer, ({ ofNode }) => ofNode)],
])

/** Kinds of Prometheus and Promtail that are not here. */
const ELSEWHERE = new Set(
  (
    'aws azure consulagent digitalocean dockerswarm ec2 ecs elasticache eureka gce hetzner ionos kuma lightsail linode marathon msk ' +
    'nerve nomad oci openstack outscale ovhcloud puppetdb rds scaleway serverset stackit triton uyuni vultr'
  )
    .split(' ')
    .map((name) => `${name}_sd_configs`),
)

const WAY_ROUND =
  'is not one of the kinds of discovery that are built in; let a small server give the targets as JSON to http_sd_configs (docs/discovery.md#other-kinds)'

/** Whether a key of a scrape configuration is about discovery, supported or not. */
export const isDiscoveryKey = (key: string): boolean => DISCOVERERS.has(key) || ELSEWHERE.has(key)

/**
 * Reads every discovery key of a scrape configuration; other keys are left to the caller.
 *
 * @param where the place of the scrape configuration for messages, such as `scrape_configs[0]`.
 * @throws ConfigError with every mistake; a kind that is not supported is told with the way round.
 */
export function parseDiscovery(
  scrapeConfig: ReadonlyMap<string, unknown>,
  where: string,
  options: ParseOptions = {},
): readonly DiscovererConfig[] {
  const mistakes: string[] = []
  const read = (key: string, value: unknown): readonly DiscovererConfig[] => {
    if (ELSEWHERE.has(key)) throw new ConfigError(`${where}.${key}: ${WAY_ROUND}`)
    return DISCOVERERS.get(key)?.(value, `${where}.${key}`, options) ?? []
  }
  const configs = [...scrapeConfig].flatMap(([key, value]) => collectMistakes(mistakes, () => read(key, value)) ?? [])
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return configs
}

/** A list of configurations, each of which becomes a discoverer. */
function each<C>(
  kind: string,
  parse: (value: unknown, where: string, options: ParseOptions) => C,
  create: (config: C, context: Parameters<DiscovererConfig['create']>[0]) => ReturnType<DiscovererConfig['create']>,
  nodeOf: (config: C) => string | undefined = () => undefined,
): Parse {
  return (value, where, options) => {
    if (value === undefined || value === null) return []
    if (!Array.isArray(value)) throw new ConfigError(`${where}: expected a list, found ${shown(value)}`)
    const mistakes: string[] = []
    const read = (item: unknown, index: number): readonly DiscovererConfig[] => {
      const config = parse(item, `${where}[${index}]`, options)
      return [{ kind, ofNode: nodeOf(config), create: (context) => create(config, context) }]
    }
    const configs = value.flatMap((item: unknown, index) => collectMistakes(mistakes, () => read(item, index)) ?? [])
    if (mistakes.length > 0) throw new ConfigError(mistakes)
    return configs
  }
}
