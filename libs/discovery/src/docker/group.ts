import type { TargetGroup } from '@clymene/model'

import { isJson, jsonAt, listAt, numberAt, textAt, textPairsAt, textsAt, type Json } from '../json.ts'
import { joinHostPort, sanitized, targetLabels } from '../labels.ts'
import type { DockerDiscoveryConfig } from './config.ts'

type Labels = readonly (readonly [name: string, value: string])[]
type Rules = Pick<DockerDiscoveryConfig, 'port' | 'hostNetworkingHost' | 'matchFirstNetwork'>

const PREFIX = '__meta_docker_'

/**
 * One group of all containers: a target for each of a container's networks and exposed TCP ports, or for each network where there is no such
 * port.
 *
 * @param containers the answer of `/containers/json`.
 * @param networks the answer of `/networks`.
 */
export function dockerGroup(containers: readonly Json[], networks: readonly Json[], rules: Rules): TargetGroup {
  const labelsOfNetworks = new Map(networks.map((network) => [textAt(network, 'Id'), networkLabels(network)]))
  const byId = new Map(containers.map((container) => [textAt(container, 'Id'), container]))
  const targets = containers.flatMap((container) => {
    if (textsAt(container, 'Names').length === 0) return []
    const own = containerLabels(container)
    const found = networksOf(container, byId)
    return (rules.matchFirstNetwork ? found.slice(0, 1) : found).flatMap(([, network]) => {
      const further = [...own, ...(labelsOfNetworks.get(textAt(network, 'NetworkID')) ?? [])]
      const ip = textAt(network, 'IPAddress') || textAt(network, 'GlobalIPv6Address')
      return addressesOf(container, ip, rules).map((address) => targetLabels(further, [[`${PREFIX}network_ip`, ip]], address))
    })
  })
  return { source: 'Docker', targets, labels: new Map() }
}

function addressesOf(container: Json, ip: string, { port, hostNetworkingHost }: Rules): readonly Labels[] {
  const ports = listAt(container, 'Ports').filter((one) => textAt(one, 'Type') === 'tcp')
  if (ports.length > 0) return ports.map((one) => portLabels(one, ip))
  const sharesHost = networkMode(container) === 'host'
  return [[['__address__', sharesHost ? hostNetworkingHost : joinHostPort(ip, port)]]]
}

function portLabels(port: Json, ip: string): Labels {
  const inside = numberAt(port, 'PrivatePort') ?? 0
  const outside = numberAt(port, 'PublicPort') ?? 0
  const published: Labels = [
    [`${PREFIX}port_public`, String(outside)],
    [`${PREFIX}port_public_ip`, textAt(port, 'IP')],
  ]
  return [['__address__', joinHostPort(ip, inside)], [`${PREFIX}port_private`, String(inside)], ...(outside > 0 ? published : [])]
}

/** By name. A container that shares the network of another has those of the other. */
function networksOf(container: Json, byId: ReadonlyMap<string, Json>): readonly (readonly [string, Json])[] {
  const asked = new Set<Json>()
  let current: Json | undefined = container
  while (current !== undefined && !asked.has(current)) {
    asked.add(current)
    const networks = jsonAt(jsonAt(current, 'NetworkSettings'), 'Networks')
    const names = Object.keys(networks)
    if (names.length > 0) {
      const there = names.filter((name) => isJson(networks[name]))
      return there.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => [name, jsonAt(networks, name)])
    }
    const other: string | undefined = /^container:(.*)$/.exec(networkMode(current))?.[1]
    current = other === undefined ? undefined : byId.get(other)
  }
  return []
}

const networkMode = (container: Json): string => textAt(jsonAt(container, 'HostConfig'), 'NetworkMode')

function containerLabels(container: Json): Labels {
  const what = `${PREFIX}container_`
  return [
    [`${what}id`, textAt(container, 'Id')],
    [`${what}name`, textsAt(container, 'Names')[0] ?? ''],
    [`${what}network_mode`, networkMode(container)],
    [`${what}image`, textAt(container, 'Image')],
    [`${what}image_id`, textAt(container, 'ImageID')],
    ...named(`${what}label_`, container),
  ]
}

function networkLabels(network: Json): Labels {
  const what = `${PREFIX}network_`
  return [
    [`${what}id`, textAt(network, 'Id')],
    [`${what}name`, textAt(network, 'Name')],
    [`${what}scope`, textAt(network, 'Scope')],
    [`${what}internal`, String(network['Internal'] === true)],
    [`${what}ingress`, String(network['Ingress'] === true)],
    ...named(`${what}label_`, network),
  ]
}

const named = (prefix: string, json: Json): Labels => textPairsAt(json, 'Labels').map(([name, value]) => [prefix + sanitized(name), value])
