import { shown } from '@clymene/model'

import { readMapping } from '../target-groups.ts'
import type { Resource } from './resources.ts'
import { RESOURCE_OF, ROLES, SELECTABLE_BY, type Role } from './roles.ts'

export type Selector = { readonly labelSelector: string; readonly fieldSelector: string }

/** Which objects of each resource are asked for; what is not in it is asked for whole. */
export type Selectors = ReadonlyMap<Resource, Selector>

export type SelectorRules = {
  readonly role: Role
  /** Pods of a pod role are asked for of this node only. */
  readonly ownNode?: string | undefined
}

const KEYS = ['role', 'label', 'field']

/** Reads `selectors`: at most one for each kind of object that the role watches. */
export function readSelectors(value: unknown, where: string, { role, ownNode }: SelectorRules, mistakes: string[]): Selectors {
  const selectors = new Map<Resource, Selector>()
  for (const [index, item] of listOf(value, where, mistakes).entries()) {
    const place = `${where}[${index}]`
    const fields = readMapping(item, place, mistakes)
    for (const key of fields.keys()) if (!KEYS.includes(key)) mistakes.push(`${place}.${key}: unknown key (known: ${KEYS.join(', ')})`)
    const labelSelector = readText(fields.get('label'), `${place}.label`, isLabelSelector, 'a label selector such as app=web', mistakes)
    const fieldSelector = readText(
      fields.get('field'),
      `${place}.field`,
      isFieldSelector,
      'a field selector such as spec.nodeName=n1',
      mistakes,
    )
    const selected = ROLES.find((one) => one === fields.get('role'))
    if (selected === undefined || !SELECTABLE_BY[role].includes(selected)) {
      mistakes.push(`${place}.role: the role ${role} can select ${SELECTABLE_BY[role].join(', ')}, found ${shown(fields.get('role'))}`)
    } else if (selectors.has(RESOURCE_OF[selected])) {
      mistakes.push(`${place}.role: ${shown(selected)} has a selector already; join them with a comma`)
    } else selectors.set(RESOURCE_OF[selected], { labelSelector, fieldSelector })
  }
  if (role === 'pod' && ownNode !== undefined) {
    const { labelSelector = '', fieldSelector = '' } = selectors.get('pods') ?? {}
    const ofNode = `spec.nodeName=${ownNode}`
    selectors.set('pods', { labelSelector, fieldSelector: fieldSelector === '' ? ofNode : `${fieldSelector},${ofNode}` })
  }
  return selectors
}

function listOf(value: unknown, where: string, mistakes: string[]): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  mistakes.push(`${where}: expected a list of selectors, found ${shown(value)}`)
  return []
}

function readText(value: unknown, where: string, isGood: (text: string) => boolean, expected: string, mistakes: string[]): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string' && isGood(value)) return value
  mistakes.push(`${where}: expected ${expected}, found ${shown(value)}`)
  return ''
}

const NAME = String.raw`(?:[a-zA-Z0-9.-]+\/)?[a-zA-Z0-9](?:[\w.-]*[a-zA-Z0-9])?`
const VALUE = String.raw`(?:[a-zA-Z0-9](?:[\w.-]*[a-zA-Z0-9])?)?`
const LABEL_TERM = new RegExp(
  String.raw`^\s*(?:!?\s*${NAME}|${NAME}\s*(?:=|==|!=)\s*${VALUE}|${NAME}\s*[<>]\s*-?\d+|${NAME}\s+(?:not)?in\s*\(\s*${VALUE}(?:\s*,\s*${VALUE})*\s*\))\s*$`,
)

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
const isLabelSelector = (text: string): boolean => text === '' || text.split(/,(?![^()]*\))/).every((term) => LABEL_TERM.test(term))

/** Which fields there are is the server's to say. */
const isFieldSelector = (text: string): boolean => text === '' || text.split(',').every((term) => /^[\w.]+(?:=|==|!=)[^=!,]*$/.test(term))
