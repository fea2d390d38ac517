import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A question to the oracle; see oracle/main.go. */
export type Question =
  | { readonly kind: 'time'; readonly layout: string; readonly location: string; readonly text: string; readonly now: number }
  | { readonly kind: 'template'; readonly template: string; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'logfmt'; readonly text: string }
  | { readonly kind: 'jmespath'; readonly expression: string; readonly json: string }

export type Answer = {
  /** Seconds and nanoseconds since the epoch: `1704067200.000000001`. */
  readonly ns?: string
  readonly text?: string
  readonly pairs?: readonly (readonly [string, string])[]
  readonly whole?: boolean
  readonly json?: string
  readonly error?: string
}

type Cases = {
  /** Layout → texts. */
  readonly times: Readonly<Record<string, readonly string[]>>
  readonly locations: readonly string[]
  /** The middle of a year, and the two days around New Year's Eve. */
  readonly nows: readonly number[]
  readonly templates: readonly string[]
  readonly values: Readonly<Record<string, string>>
  readonly logfmt: readonly string[]
  readonly jmespath: readonly string[]
  readonly json: string
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the file stands beside this one
const cases = JSON.parse(readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8')) as Cases

/** In the order of answers.json. A text with an offset is asked about once, a layout with a year on one day. */
export const QUESTIONS: readonly Question[] = [
  ...Object.entries(cases.times).flatMap(([layout, texts]) => texts.flatMap((text) => timesOf(layout, text))),
  ...cases.templates.map((template) => ({ kind: 'template' as const, template, values: cases.values })),
  ...cases.logfmt.map((text) => ({ kind: 'logfmt' as const, text })),
  ...cases.jmespath.map((expression) => ({ kind: 'jmespath' as const, expression, json: cases.json })),
]

function timesOf(layout: string, text: string): readonly Question[] {
  const hasOffset = layout.includes('-07') || layout.includes('Z07')
  const locations = hasOffset ? cases.locations.slice(0, 1) : cases.locations
  const nows = layout.includes('06') ? cases.nows.slice(0, 1) : cases.nows
  return locations.flatMap((location) => nows.map((now) => ({ kind: 'time' as const, layout, location, text, now })))
}
