import type { Labels } from '@clymene/model'

import { extractedText, type PipelineEntry } from '../entry.ts'
import type { Fields } from '../fields.ts'
import { parseGoDuration, readDuration, readWord } from '../read-options.ts'
import type { StageMetricDefinition, StageMetrics } from '../stage-metrics.ts'
import type { StageKind } from '../stage.ts'

type Definition = StageMetricDefinition & {
  /** Which extracted value it is made of. */
  readonly source: string
}
type Record = (entry: PipelineEntry) => void
type StartRecording = (metrics: StageMetrics) => Record

/**
 * Makes metrics of extracted values, which the agent serves with its own: each name has `type` (counter, gauge or
 * histogram), `description`, `source` (the name itself by default), `prefix`, `max_idle_duration` and `config`. Series have
 * the labels of the lines.
 */
export const metrics: StageKind = {
  keys: undefined,
  parse: (fields) => {
    const names = fields.keys()
    if (names.length === 0) fields.mistake(': expected at least one metric')
    const starts = names.map((name) => readMetric(name, fields.nested(name, METRIC_KEYS)))
    return (pass, context) => {
      const records = starts.map((start) => start(context.metrics))
      return {
        push: (entry) => {
          for (const record of records) record(entry)
          pass(entry)
        },
      }
    }
  },
}

const METRIC_KEYS = ['type', 'description', 'source', 'prefix', 'max_idle_duration', 'config']
const CONFIG_KEYS = {
  counter: ['value', 'action', 'match_all', 'count_entry_bytes'],
  gauge: ['value', 'action'],
  histogram: ['value', 'buckets'],
}
const MAX_IDLE_MS = 5 * 60_000
/** What Prometheus' clients have by default, made for seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

function readMetric(key: string, fields: Fields): StartRecording {
  const name = `${fields.text('prefix') || 'promtail_custom_'}${key}`
  if (!/^[A-Za-z_:][A-Za-z0-9_:]*$/.test(name)) fields.mistake(`: ${JSON.stringify(name)} is no name of a metric`)
  const maxIdleMs = readDuration(fields, 'max_idle_duration') ?? MAX_IDLE_MS
  if (maxIdleMs < 1000) fields.mistake('.max_idle_duration: must be at least 1s')
  const definition = { name, help: fields.text('description') || name, maxIdleMs, source: fields.text('source') || key }
  if ((fields.text('type') ?? '') === '') {
    fields.mistake('.type: expected counter, gauge or histogram')
    return () => () => undefined
  }
  const type = readWord(fields, 'type', ['counter', 'gauge', 'histogram'])
  const config = fields.nested('config', CONFIG_KEYS[type])
  if (type === 'counter') return readCounter(definition, config)
  return type === 'gauge' ? readGauge(definition, config) : readHistogram(definition, config)
}

function readCounter(definition: Definition, config: Fields): StartRecording {
  const action = readAction(config, ['inc', 'add'])
  const matchAll = config.flag('match_all') ?? false
  const countBytes = config.flag('count_entry_bytes') ?? false
  const wants = readValue(config)
  if (matchAll && config.text('value') !== undefined) config.mistake('.value: must not be there with match_all')
  if (countBytes && (!matchAll || action !== 'add')) config.mistake('.count_entry_bytes: needs match_all: true and action: add')
  if (matchAll && action === 'add' && !countBytes) config.mistake('.match_all: with action add needs count_entry_bytes: true')
  return ({ counter }) => {
    const { add } = counter(definition)
    if (matchAll) return ({ labels, line }) => add(labels.labels, countBytes ? Buffer.byteLength(line) : 1)
    return withSource(definition, wants, (labels, value) => {
      const amount = action === 'inc' ? 1 : numberOf(value)
      if (amount !== undefined && amount >= 0) add(labels, amount)
    })
  }
}

function readGauge(definition: Definition, config: Fields): StartRecording {
  const action = readAction(config, ['set', 'inc', 'dec', 'add', 'sub'])
  const wants = readValue(config)
  return ({ gauge }) => {
    const { add, set } = gauge(definition)
    return withSource(definition, wants, (labels, value) => {
      if (action === 'inc' || action === 'dec') return add(labels, action === 'inc' ? 1 : -1)
      const amount = numberOf(value)
      if (amount === undefined) return
      if (action === 'set') set(labels, amount)
      else add(labels, action === 'add' ? amount : -amount)
    })
  }
}

function readHistogram(definition: Definition, config: Fields): StartRecording {
  const given = config.raw('buckets') ?? BUCKETS
  const buckets = Array.isArray(given) ? given.filter((bucket) => typeof bucket === 'number' && !Number.isNaN(bucket)) : []
  const isRising = buckets.every((bucket, index) => index === 0 || bucket > (buckets[index - 1] ?? bucket))
  if (!Array.isArray(given) || buckets.length === 0 || buckets.length < given.length || !isRising) {
    config.mistake(`.buckets: expected rising numbers, found ${JSON.stringify(given)}`)
  }
  const wants = readValue(config)
  return ({ histogram }) => {
    const { observe } = histogram({ ...definition, buckets: buckets.filter((bucket) => bucket < Infinity) })
    return withSource(definition, wants, (labels, value) => {
      const amount = numberOf(value)
      if (amount !== undefined) observe(labels, amount)
    })
  }
}

/** Actions have no default: Promtail refuses a metric without one. */
function readAction<T extends string>(config: Fields, actions: readonly [T, ...T[]]): T {
  if ((config.text('action') ?? '') === '') config.mistake(`.action: expected ${actions.join(' or ')}`)
  return readWord(config, 'action', actions)
}

/** What the extracted value has to be; undefined: anything. */
const readValue = (config: Fields): string | undefined => config.text('value')

const withSource =
  ({ source }: Definition, wants: string | undefined, record: (labels: Labels, value: unknown) => void): Record =>
  ({ labels, extracted }) => {
    const value = extracted.get(source) ?? undefined
    if (value === undefined || (wants !== undefined && extractedText(value) !== wants)) return
    record(labels.labels, value)
  }

/** A number as it is or as text, 1 and 0 for true and false, the seconds of a duration such as `0.5ms`; undefined for the rest. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string') return undefined
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) return Number(value)
  const milliseconds = parseGoDuration(value)
  return milliseconds === undefined ? undefined : milliseconds / 1000
}
