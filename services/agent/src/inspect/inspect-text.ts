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

function stepLines({ stage, before, after }: InspectStep, paint: Paint): readonly string[] {
  const name = paint('cyan', `  ${stage}`)
  if (after === undefined) return [`${name}  ${paint('red', 'holds it or drops it')}`]
  if (before === undefined) return [`${name}  ${paint('yellow', 'lets go')} ${entryText(after)}`]
  const changes = changesOf(before, after)
  if (changes.length === 0) return [`${name}  ${paint('dim', 'changes nothing')}`]
  return [name, ...changes.map(({ sign, text }) => `    ${paint(STYLES[sign], `${sign} ${text}`)}`)]
}

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
    const [old, now] = [valueText(was.get(name)), valueText(is.get(name))]
    if (!was.has(name)) return [{ sign: '+', text: `${place} ${now}` }]
    if (!is.has(name)) return [{ sign: '-', text: `${place} ${old}` }]
    return old === now ? [] : [{ sign: '~', text: `${place} ${old} → ${now}` }]
  })
}

/** JSON has no large integers. */
const valueText = (value: unknown): string => (typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value)))
