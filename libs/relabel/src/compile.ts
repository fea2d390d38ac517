import { hash } from 'node:crypto'

import type { LabelMap } from '@clymene/model'
import { compileTemplate, usesGroups } from '@clymene/regex'

import type { Action, RelabelRule } from './rule.ts'

/** Changes the labels in place; false: the rules drop them (what the map then holds is of no use). */
export type Relabel = (labels: LabelMap) => boolean

/** Joins rules into one function. A label that is not there reads as ''; setting one to '' removes it, as in Prometheus 3. */
export function compileRelabel(rules: readonly RelabelRule[]): Relabel {
  const steps = rules.map((rule) => COMPILE[rule.action](rule, compileSource(rule)))
  return (labels) => {
    for (const step of steps) if (!step(labels)) return false
    return true
  }
}

const COMPILE: Readonly<Record<Action, (rule: RelabelRule, source: (labels: LabelMap) => string) => Relabel>> = {
  keep:
    ({ regex }, source) =>
    (labels) =>
      regex.test(source(labels)),
  drop:
    ({ regex }, source) =>
    (labels) =>
      !regex.test(source(labels)),
  keepequal:
    ({ targetLabel }, source) =>
    (labels) =>
      source(labels) === (labels.get(targetLabel) ?? ''),
  dropequal:
    ({ targetLabel }, source) =>
    (labels) =>
      source(labels) !== (labels.get(targetLabel) ?? ''),
  replace: compileReplace,
  hashmod: ({ targetLabel, modulus }, source) => always((labels) => labels.set(targetLabel, hashmod(source(labels), modulus))),
  lowercase: ({ targetLabel }, source) => always((labels) => setLabel(labels, targetLabel, lowercase(source(labels)))),
  uppercase: ({ targetLabel }, source) => always((labels) => setLabel(labels, targetLabel, uppercase(source(labels)))),
  labelmap: compileLabelMap,
  labeldrop: ({ regex }) => always((labels) => deleteLabels(labels, (name) => regex.test(name))),
  labelkeep: ({ regex }) => always((labels) => deleteLabels(labels, (name) => !regex.test(name))),
}

function compileSource({ sourceLabels, separator }: RelabelRule): (labels: LabelMap) => string {
  const [only] = sourceLabels
  if (only === undefined) return () => ''
  if (sourceLabels.length === 1) return (labels) => labels.get(only) ?? ''
  return (labels) => {
    let joined = labels.get(only) ?? ''
    for (let index = 1; index < sourceLabels.length; index++) joined += separator + (labels.get(sourceLabels[index] ?? '') ?? '')
    return joined
  }
}

function compileReplace(rule: RelabelRule, source: (labels: LabelMap) => string): Relabel {
  const replacement = compileTemplate(rule.replacement)
  const target = compileTemplate(rule.targetLabel)
  // Most rules write one label, and many write one text: then the groups are not needed.
  const constant = !usesGroups(rule.replacement) && !usesGroups(rule.targetLabel)
  const nothing = { index: 0, groups: [], names: new Map<string, number>() }
  return always((labels) => {
    const value = source(labels)
    const match = constant ? (rule.regex.test(value) ? nothing : undefined) : rule.regex.match(value)
    if (match === undefined) return
    const name = target(match)
    if (rule.legacyNames !== true || LEGACY_NAME.test(name)) setLabel(labels, name, replacement(match))
  })
}

const LEGACY_NAME = /^[A-Za-z_]\w*$/

function compileLabelMap({ regex, replacement }: RelabelRule): Relabel {
  const rename = compileTemplate(replacement)
  return always((labels) => {
    const renamed: [string, string][] = []
    for (const [name, value] of labels) if (regex.test(name)) renamed.push([name, value])
    // When two labels map to one name the last in order of the old names wins, whatever order they were found in.
    renamed.sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [name, value] of renamed) {
      const match = regex.match(name)
      if (match !== undefined) setLabel(labels, rename(match), value)
    }
  })
}

/** A name that came out empty is no label name: nothing is set, as in Prometheus. */
function setLabel(labels: LabelMap, name: string, value: string): void {
  if (name === '') return
  if (value === '') labels.delete(name)
  else labels.set(name, value)
}

function deleteLabels(labels: LabelMap, unwanted: (name: string) => boolean): void {
  for (const name of labels.keys()) if (unwanted(name)) labels.delete(name)
}

function always(change: (labels: LabelMap) => unknown): Relabel {
  return (labels) => {
    change(labels)
    return true
  }
}

/** The last eight bytes of the MD5, as one big-endian number, modulo `modulus`: the number that Prometheus shards by. */
function hashmod(value: string, modulus: number): string {
  const digest = hash('md5', value, 'buffer')
  return (digest.readBigUInt64BE(8) % BigInt(modulus)).toString()
}

// Go maps one code point to one: ß stays, and Σ is σ also at the end of a word.
const lowercase = (text: string): string => mapCodePoints(text, (character) => character.toLowerCase(), true)
const uppercase = (text: string): string => mapCodePoints(text, (character) => character.toUpperCase(), false)

function mapCodePoints(text: string, change: (character: string) => string, shorten: boolean): string {
  // oxlint-disable-next-line no-control-regex -- the whole of ASCII is meant
  if (/^[\x00-\x7f]*$/.test(text)) return change(text)
  return Array.from(text, (character) => {
    const [first = '', ...more] = change(character)
    // Only İ becomes longer in lower case; its single form is i.
    return more.length === 0 || shorten ? first : character
  }).join('')
}
