import { styleText } from 'node:util'

import type { EntryView, Inspect, InspectStep } from '@clymene/stages'
import { formatRfc3339, formatStreamLabels } from '@clymene/wire'

export type InspectTextOptions = {
  /** Takes whole lines with their line ends. */
  readonly print: (text: string) => void
  readonly colored: boolean
}

/**
 * Shows what each stage does, for people: an entry in a line when it comes, then a line a stage with what it adds `+`, takes away `-` and
 * changes `~`. What comes from lines is quoted, so no control character of theirs reaches a terminal.
 */
export function createInspectText({ print, colored }: InspectTextOptions): Inspect {
  const paint: Paint = (style, text) => (colored ? styleText(style, text, { validateStream: false }) : text)
  let last: EntryView | undefined
  return (step) => {
    const { before, after } = step
    const begins = before !== undefined && (last === undefined || changesOf(last, before).length > 0)
    last = after
    const entry = begins ? [paint('bold', entryText(before))] : []
    print([...entry, ...stepLines(step, paint)].map((line) => `${line}\n`).join(''))
  }
}

/** Whether `choice` and the stream ask for colours: NO_COLOR and a stream that is no terminal want none. */
export const isColored = (
  choice: 'auto' | 'always' | 'never',
  stream: { readonly isTTY?: boolean; readonly hasColors?: () => boolean },
): boolean => choice === 'always' || (choice === 'auto' && stream.isTTY === true && stream.hasColors?.() === true)

type Style = 'bold' | 'dim' | 'cyan' | 'green' | 'red' | 'yellow'
type Paint = (style: Style, text: string) => string

function stepLines(step: InspectStep, paint: Paint): readonly string[] {
  const { stage, depth = 0, selector, selects, before, after } = step
  const indent = '  '.repeat(depth + 1)
  const name = indent + paint('cyan', stage) + (selector === undefined ? '' : ` ${printable(selector)}`)
  if (after === undefined) return [`${name}  ${endText(step, paint)}`]
  if (selects !== undefined) return [selects ? name : `${name}  ${paint('dim', 'does not select it')}`]
  if (before === undefined) return [`${name}  ${paint('yellow', 'lets go')} ${entryText(after)}`]
  const changes = changesOf(before, after)
  if (changes.length === 0) return [`${name}  ${paint('dim', 'changes nothing')}`]
  return [name, ...changes.map(({ sign, text }) => `${indent}  ${paint(STYLES[sign], `${sign} ${text}`)}`)]
}

const endText = ({ dropped, joined }: InspectStep, paint: Paint): string =>
  dropped === undefined ? paint('yellow', joined === true ? 'joins it to the above' : 'holds it') : paint('red', `drops it (${dropped})`)

/** On one line, and without what a terminal would obey. */
const printable = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll(/\p{Cc}/gu, '')

type Sign = '+' | '-' | '~'
type Change = { readonly sign: Sign; readonly text: string }
const STYLES: Readonly<Record<Sign, Style>> = { '+': 'green', '-': 'red', '~': 'yellow' }

const entryText = ({ labels, line }: EntryView): string => `${formatStreamLabels(labels)} ${JSON.stringify(line)}`

function changesOf(before: EntryView, after: EntryView): readonly Change[] {
  return [
    ...changesIn('timestamp', [['', formatRfc3339(before.timestampNs)]], [['', formatRfc3339(after.timestampNs)]]),
    ...changesIn('label ', before.labels, after.labels),
    ...changesIn('extracted ', before.extracted, after.extracted),
    ...changesIn('metadata ', before.metadata, after.metadata),
    ...changesIn('line', [['', before.line]], [['', after.line]]),
  ]
}

type Named = Iterable<readonly [name: string, value: unknown]>

function changesIn(what: string, before: Named, after: Named): readonly Change[] {
  const [was, is] = [new Map(before), new Map(after)]
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((name): readonly Change[] => {
    const place = `${what}${name}`
    const [had, has] = [was, is].map((values) => values.get(name) !== undefined)
    const [old, now] = [valueText(was.get(name)), valueText(is.get(name))]
    // A name that was extracted as nothing: a label of that name does not stand for it.
    if (has === false && is.has(name)) return was.has(name) && had === false ? [] : [{ sign: '-', text: `${place}: is not there` }]
    if (had === false) return [{ sign: '+', text: `${place} ${now}` }]
    if (has === false) return [{ sign: '-', text: `${place} ${old}` }]
    return old === now ? [] : [{ sign: '~', text: `${place} ${old} → ${now}` }]
  })
}

/** JSON has no large integers. */
const valueText = (value: unknown): string => (typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? ''))
