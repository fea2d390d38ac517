import type { TargetGroup } from '@clymene/model'

import { jsonAt, listAt, numberAt, textAt, textPairsAt, textsAt, type Json } from '../json.ts'
import { joinHostPort, sanitized, targetLabels } from '../labels.ts'

const PREFIX = '__meta_consul_'

export type ConsulGroupOptions = { readonly service: string; readonly datacenter: string; readonly tagSeparator: string }

/** The group of a service, named as it, with a target for each of its instances. */
export function consulGroup(instances: readonly Json[], { service, datacenter, tagSeparator }: ConsulGroupOptions): TargetGroup {
  return {
    source: service,
    targets: instances.map((instance) => instanceLabels(instance, tagSeparator)),
    labels: targetLabels([
      [`${PREFIX}service`, service],
      [`${PREFIX}dc`, datacenter],
    ]),
  }
}

function instanceLabels(instance: Json, tagSeparator: string): ReadonlyMap<string, string> {
  const [node, service] = [jsonAt(instance, 'Node'), jsonAt(instance, 'Service')]
  const [nodeAddress, address] = [textAt(node, 'Address'), textAt(service, 'Address')]
  const port = numberAt(service, 'Port') ?? 0
  return targetLabels(
    [
      // A service may be registered by a node that it does not run on.
      ['__address__', joinHostPort(address || nodeAddress, port)],
      [`${PREFIX}address`, nodeAddress],
      [`${PREFIX}node`, textAt(node, 'Node')],
      [`${PREFIX}namespace`, textAt(service, 'Namespace')],
      [`${PREFIX}partition`, textAt(service, 'Partition')],
      // Separators on both sides: a regex for one tag need not know where it stands.
      [`${PREFIX}tags`, tagSeparator + textsAt(service, 'Tags').join(tagSeparator) + tagSeparator],
      [`${PREFIX}service_address`, address],
      [`${PREFIX}service_port`, String(port)],
      [`${PREFIX}service_id`, textAt(service, 'ID')],
      [`${PREFIX}health`, health(listAt(instance, 'Checks'))],
    ],
    named('metadata_', node, 'Meta'),
    named('service_metadata_', service, 'Meta'),
    named('tagged_address_', node, 'TaggedAddresses'),
  )
}

const named = (prefix: string, json: Json, key: string): readonly (readonly [string, string])[] =>
  textPairsAt(json, key).map(([name, value]) => [PREFIX + prefix + sanitized(name), value])

/** The worst of an instance's and its node's checks; '' when there is one that is not known. */
function health(checks: readonly Json[]): string {
  const found = new Set(checks.map((check) => (isMaintenance(textAt(check, 'CheckID')) ? 'maintenance' : textAt(check, 'Status'))))
  if ([...found].some((status) => !['maintenance', ...WORST_FIRST].includes(status))) return ''
  return ['maintenance', ...WORST_FIRST].find((status) => found.has(status)) ?? 'passing'
}

const WORST_FIRST: readonly string[] = ['critical', 'warning', 'passing']

/** Checks that Consul itself makes when an operator takes a node or service out. */
const isMaintenance = (id: string): boolean => id === '_node_maintenance' || id.startsWith('_service_maintenance:')
