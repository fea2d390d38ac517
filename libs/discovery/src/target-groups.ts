import { mappingOf, scalarText, shown, type TargetGroup } from '@clymene/model'

export type GroupOptions = {
  /** Name of the n-th group. */
  readonly source: (index: number) => string
  /** What a group without `targets` means; undefined: it has none. */
  readonly defaultTarget?: string | undefined
  /** Labels that every group has, whatever it says itself. */
  readonly labels?: ReadonlyMap<string, string>
  /** Addresses and label values have to be text; YAML makes numbers and booleans of texts. */
  readonly isJson?: boolean
}

/**
 * Reads the `[{targets: ["host:port"], labels: {name: value}}]` of static_configs and of file_sd files.
 *
 * @param value what the YAML or JSON parser gave.
 * @param mistakes gets what is wrong, each with its place.
 */
export function parseTargetGroups(value: unknown, where: string, mistakes: string[], options: GroupOptions): readonly TargetGroup[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) {
    mistakes.push(`${where}: expected a list of groups with targets and labels, found ${shown(value)}`)
    return []
  }
  const textOf = options.isJson === true ? onlyText : scalarText
  return value.map((item: unknown, index): TargetGroup => {
    const place = `${where}[${index}]`
    const fields = readMapping(item, place, mistakes)
    for (const key of fields.keys()) {
      if (key !== 'targets' && key !== 'labels') mistakes.push(`${place}.${key}: unknown key (known: targets, labels)`)
    }
    const addresses = readTargets(fields.get('targets'), `${place}.targets`, mistakes, textOf) ?? listOf(options.defaultTarget)
    return {
      source: options.source(index),
      targets: addresses.map((address) => new Map([['__address__', address]])),
      labels: new Map([...readLabels(fields.get('labels'), `${place}.labels`, mistakes, textOf), ...(options.labels ?? [])]),
    }
  })
}

type TextOf = (value: unknown) => string | undefined
const onlyText: TextOf = (value) => (typeof value === 'string' ? value : undefined)

function readTargets(value: unknown, where: string, mistakes: string[], textOf: TextOf): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) {
    mistakes.push(`${where}: expected a list of addresses, found ${shown(value)}`)
    return []
  }
  return value.flatMap((item: unknown, index) => {
    const address = textOf(item)
    if (address !== undefined && address !== '') return [address]
    mistakes.push(`${where}[${index}]: expected an address such as host:9100, found ${shown(item)}`)
    return []
  })
}

function readLabels(value: unknown, where: string, mistakes: string[], textOf: TextOf): readonly (readonly [string, string])[] {
  const labels = value === undefined || value === null ? new Map<string, unknown>() : readMapping(value, where, mistakes)
  return [...labels].flatMap(([name, given]) => {
    const text = given === null ? '' : textOf(given)
    if (text !== undefined && name !== '') return [[name, text] as const]
    mistakes.push(name === '' ? `${where}: a label name must not be empty` : `${where}.${name}: expected text, found ${shown(given)}`)
    return []
  })
}

export function readMapping(value: unknown, where: string, mistakes: string[]): ReadonlyMap<string, unknown> {
  const fields = mappingOf(value)
  if (fields === undefined) mistakes.push(`${where}: expected a mapping, found ${shown(value)}`)
  return fields ?? new Map()
}

const listOf = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value])
