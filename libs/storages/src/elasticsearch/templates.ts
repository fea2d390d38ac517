import { PermanentError, RetryableError } from '@clymene/model'
import type { Client } from '@elastic/elasticsearch'

import type { Ask, AskOptions } from './ask.ts'
import { LOGS_DATA_STREAM, METRICS_DATA_STREAM } from './data-stream-layout.ts'

export type TemplateOptions = {
  /** `30d`; '' keeps documents for ever. */
  readonly retention: string
  readonly replicas: number
}

/** Over Elastic's own templates for `metrics-*-*` and `logs-*-*`, which have 100. */
const PRIORITY = 300
/** A Lucene term takes 32,766 bytes, four a character, and the label's name is part of it. */
const IGNORE_ABOVE = 7_000

const keyword = { type: 'keyword', ignore_above: 1_024 } as const
/** One field of the mapping for all labels, whatever their number: fields of their own would run into the limit of 1,000. */
const labels = { type: 'flattened', ignore_above: IGNORE_ABOVE } as const

const MAPPINGS = {
  [METRICS_DATA_STREAM]: {
    '@timestamp': { type: 'date' },
    name: keyword,
    cluster: keyword,
    tenant: keyword,
    labels,
    value: { type: 'double' },
    value_text: keyword,
    stale: { type: 'boolean' },
  },
  [LOGS_DATA_STREAM]: {
    '@timestamp': { type: 'date_nanos' },
    cluster: keyword,
    tenant: keyword,
    labels,
    metadata: labels,
    message: { type: 'text' },
  },
} as const

export type Templates = {
  /** Resolves once the templates are there; asks once in the life of the process, and again after a failure or {@link forget}. */
  readonly ensure: (signal: AbortSignal) => Promise<void>
  /** Elasticsearch says that they are missing: somebody deleted them. */
  readonly forget: () => void
}

/**
 * Installs, for each data stream, a component template that is ours and an index template of it and of `<name>@custom`: what an
 * operator puts there wins and survives.
 */
export function createTemplates(ask: Ask, options: TemplateOptions): Templates {
  let installing: { readonly done: Promise<void>; readonly signal: AbortSignal } | undefined
  return {
    ensure: async (signal) => {
      for (;;) {
        installing ??= { done: install(ask, options, signal), signal }
        const attempt = installing
        try {
          return await attempt.done
        } catch (error) {
          if (installing === attempt) installing = undefined
          // Another partition's write began it and was stopped: that says nothing about this one.
          if (attempt.signal.aborted && !signal.aborted) continue
          throw error
        }
      }
    },
    forget: () => {
      installing = undefined
    },
  }
}

async function install(ask: Ask, { retention, replicas }: TemplateOptions, signal: AbortSignal): Promise<void> {
  const lifecycle = retention === '' ? {} : { lifecycle: { data_retention: retention } }
  for (const [name, properties] of Object.entries(MAPPINGS)) {
    const custom = `${name}@custom`
    const template = {
      settings: { index: { number_of_shards: 1, number_of_replicas: replicas, codec: 'best_compression' } },
      mappings: { dynamic: false, date_detection: false, properties },
      ...lifecycle,
    }
    const about = { description: 'Written by Clymene at every start; change it in the component template of the same name with @custom' }
    await put((client, options) => client.cluster.putComponentTemplate({ name, template, _meta: about }, options))
    await put((client, options) =>
      client.indices.putIndexTemplate(
        {
          name,
          index_patterns: [`${name}-*`],
          data_stream: {},
          priority: PRIORITY,
          composed_of: [name, custom],
          ignore_missing_component_templates: [custom],
          _meta: about,
        },
        options,
      ),
    )
  }

  /** A template that is refused says nothing about the content that waits for it: an operator has to look. */
  async function put(call: (client: Client, options: AskOptions) => Promise<unknown>): Promise<void> {
    try {
      await ask(call, signal)
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error
      throw new RetryableError(`index template: ${error.message}`, { cause: error, status: error.status, needsOperator: true })
    }
  }
}
