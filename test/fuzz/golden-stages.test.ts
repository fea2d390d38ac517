import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { createLabelSet, createPipeline, Extracted, parseStages, type PipelineEntry } from '@clymene/stages'
import { describe, expect, test } from 'vitest'

import { type Answer, type Question, QUESTIONS } from '../golden/stages/cases.ts'

const folder = join(import.meta.dirname, '../golden/stages')
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by generate.ts
const answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as readonly Answer[]
const ASKED = QUESTIONS.map((question, index) => ({ question, answer: answers[index] ?? {} }))

/** Where we mean to differ, and why (docs/stages.md). */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ['{{define "x"}}{{end}}', 'templates in templates are refused: a stage has one'],
  ['&name', 'an expression that is handed over is no value of its own'],
])

/** An entry after one stage; undefined when the stage was refused. */
function after(stage: object, line: string, values: Readonly<Record<string, string>>, nowNs = 0n): PipelineEntry | undefined {
  const labels = createLabelSet([['job', 'j']])
  const extracted = new Extracted(labels)
  for (const [name, value] of Object.entries(values)) extracted.set(name, value)
  try {
    const pipeline = createPipeline(parseStages([stage], 'stages'), { now: () => nowNs })
    return pipeline.push({ labels, timestampNs: -1n, line, extracted, metadata: undefined })[0]
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

type Pipelines = {
  /** Whose answers they are. */
  readonly source: string
  readonly cases: readonly {
    readonly name: string
    readonly stages: readonly unknown[]
    readonly labels: Readonly<Record<string, string>>
    readonly lines: readonly string[]
    /** Without labels and metadata that are empty, which Loki leaves out; `ns` nanoseconds since the epoch. */
    readonly out: readonly { readonly line: string; readonly labels: object; readonly metadata: object; readonly ns: string }[]
  }[]
}
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the file says what it holds
const pipelines = JSON.parse(readFileSync(join(folder, 'pipelines.json'), 'utf8')) as Pipelines
/** When the first line was read; the others a nanosecond after each other. */
const READ_NS = 1_700_000_000_000_000_000n

type Compared = { readonly ours: unknown; readonly theirs: unknown }

/** What the stage makes of it and what the oracle did, both in a form that can be compared. */
function compared(question: Question, answer: Answer): Compared {
  if (question.kind === 'time') return comparedTime(question, answer)
  if (question.kind === 'logfmt') return comparedPairs(question.text, new Map(answer.pairs))
  if (question.kind === 'template') {
    const out = after({ template: { source: 'out', template: question.template } }, '', question.values)
    return { ours: out?.extracted.get('out'), theirs: answer.text === '' ? undefined : answer.text }
  }
  const out = after({ json: { expressions: { r: question.expression } } }, question.json, {})?.extracted.get('r')
  const theirs: unknown = JSON.parse(answer.json ?? 'null')
  const nested = typeof theirs === 'object' && theirs !== null
  return { ours: nested && typeof out === 'string' ? JSON.parse(out) : (out ?? null), theirs }
}

/** The years 1 to 9999. */
const FIRST_SECOND = -62_135_596_800n
const LAST_SECOND = 253_402_300_799n

function comparedTime({ layout, location, text, now }: Extract<Question, { kind: 'time' }>, { ns = '', error }: Answer): Compared {
  const stage = { timestamp: { source: 't', format: layout, location, action_on_failure: 'skip' } }
  const [seconds = '0', nanos = '0'] = ns.split('.')
  // Go has more years than storages.
  const isTime = error === undefined && BigInt(seconds) >= FIRST_SECOND && BigInt(seconds) <= LAST_SECOND
  return {
    ours: after(stage, '', { t: text }, BigInt(now) * 1_000_000_000n)?.timestampNs,
    theirs: isTime ? BigInt(seconds) * 1_000_000_000n + BigInt(nanos) : -1n,
  }
}

function comparedPairs(text: string, pairs: ReadonlyMap<string, string>): Compared {
  const keys = [...pairs.keys(), 'absent']
  const out = after({ logfmt: { mapping: new Map(keys.map((key) => [key, ''])) } }, text, {})
  return { ours: keys.map((key) => out?.extracted.get(key)), theirs: keys.map((key) => pairs.get(key)) }
}

const name = (question: Question): string =>
  question.kind === 'template' ? question.template : question.kind === 'jmespath' ? question.expression : question.text

describe(`as ${pipelines.source}`, () => {
  test.each(pipelines.cases)('$name', ({ stages, labels, lines, out }) => {
    const set = createLabelSet(Object.entries(labels))
    const pipeline = createPipeline(parseStages(stages, 'stages'), { now: () => READ_NS })
    const entries = lines.flatMap((line, index) =>
      pipeline.push({ labels: set, timestampNs: READ_NS + BigInt(index), line, extracted: new Extracted(set), metadata: undefined }),
    )
    const ours = [...entries, ...pipeline.flush()].map((entry) => ({
      line: entry.line,
      labels: Object.fromEntries(entry.labels.labels),
      metadata: Object.fromEntries(entry.metadata ?? []),
      ns: String(entry.timestampNs),
    }))
    expect(ours).toEqual(out)
  })
})

describe('Go and the libraries of Promtail agree', () => {
  test.each(['time', 'template', 'logfmt', 'jmespath'] as const)('about every %s', (kind) => {
    const asked = ASKED.filter(({ question }) => question.kind === kind && !DIFFERENCES.has(name(question)))
    expect(asked.length).toBeGreaterThan(20)
    for (const { question, answer } of asked) {
      // An empty expression stands for the name.
      if (question.kind === 'jmespath' && question.expression === '') continue
      const { ours, theirs } = compared(question, answer)
      expect({ question, ours }).toEqual({ question, ours: theirs })
    }
  })

  test.each([...DIFFERENCES])('but for %j: %s', (text) => {
    const found = ASKED.find(({ question }) => name(question) === text)
    expect(found).toBeDefined()
    expect(found?.answer.error).toBeUndefined()
  })
})
