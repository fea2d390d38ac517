import { ACTIONS, compileRelabel, explainRelabel, parseRelabelConfigs } from '@clymene/relabel'

import type { Random } from '../../chaos/random.ts'
import { type PlainLabels, type PlainRule, relabelPlainly } from '../reference/relabel.ts'
import { difference, type Subject } from '../subject.ts'

type Case = { readonly rules: readonly PlainRule[]; readonly labels: PlainLabels }

/** Replacing most of all, as in configurations. */
const DRAWN = ['replace', ...ACTIONS]
const NAMES = ['__name__', 'job', 'a', 'b', '__meta_a', '__meta_b', '__address__', '__proto__', 'c.d']
const VALUES = ['', 'x', 'X;y', 'a-b-c', '10.0.0.1:9100', 'true', 'Köln', ';', '$1', 'x\ny']
const REGEXES = [
  '(.*)',
  '.+',
  '',
  'x',
  'x|X.*',
  '__meta_(.+)',
  '([^:]+)(?::\\d+)?',
  '(a)|(b)',
  '.*;.*',
  '(\\w+)-(\\w+)-(\\w+)',
  '[aA].?',
  'job|__.*',
  '()',
  '(x+)+y?',
]
const TEXTS = ['$1', '${1}', '$1-${2}', '', 'fixed', '$$1', '$3$1', '${2}x', '$name', '__meta_$1', 'a$']

/** Rules in JSON against a plain reading of what each action does; explanations against what was done. */
export const relabelSubject: Subject = {
  name: 'relabel',
  make: (random) => Buffer.from(JSON.stringify(makeCase(random))),
  problem: (input) => {
    const given = readCase(input)
    if (given === undefined) return undefined
    const rules = parseRelabelConfigs(given.rules, 'rules')
    const labels = new Map(Object.entries(given.labels))
    const explained = explainRelabel(rules, labels).at(-1)
    const isKept = compileRelabel(rules)(labels)
    const sorted = (map: ReadonlyMap<string, string>): unknown => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return difference({
      compiled: isKept ? sorted(labels) : 'dropped',
      explained: explained?.dropped === true ? 'dropped' : sorted(explained?.after ?? labels),
      plain: relabelPlainly(given.rules, given.labels) ?? 'dropped',
    })
  },
}

function readCase(input: Buffer): Case | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made below; what a minimiser has cut fails as a rule
    const given = JSON.parse(input.toString('utf8')) as Case
    parseRelabelConfigs(given.rules, 'rules')
    relabelPlainly(given.rules, given.labels)
    return given
  } catch {
    return undefined
  }
}

function makeCase(random: Random): Case {
  const labels = Object.fromEntries(NAMES.filter(() => random.next() < 0.5).map((name) => [name, random.pick(VALUES)]))
  return {
    labels: Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== '')),
    rules: Array.from({ length: random.between(1, 4) }, () => makeRule(random)),
  }
}

/** A rule of each action has only the keys that it may have. */
function makeRule(random: Random): PlainRule {
  const action = random.pick(DRAWN)
  const has = (...actions: string[]): boolean => actions.includes(action)
  const onlyRegex = has('labeldrop', 'labelkeep')
  return {
    action,
    source_labels: onlyRegex ? [] : Array.from({ length: random.between(0, 2) }, () => random.pick(NAMES)),
    separator: onlyRegex || has('keepequal', 'dropequal') ? ';' : random.pick([';', '', '-']),
    regex: has('keepequal', 'dropequal') ? '(.*)' : random.pick(REGEXES),
    target_label:
      onlyRegex || has('keep', 'drop', 'labelmap')
        ? ''
        : random.pick(['a', 'b', 'job', '__tmp', ...(has('replace') ? ['$1', 'x_${1}'] : [])]),
    replacement: has('replace') ? random.pick(TEXTS) : has('labelmap') ? random.pick(['$1', 'x_$1', '${1}', 'fixed']) : '$1',
    modulus: has('hashmod') ? random.between(1, 1000) : 0,
  }
}
