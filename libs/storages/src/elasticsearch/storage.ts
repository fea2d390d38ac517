import type { Storage } from '@clymene/model'

import { elasticsearchFlags } from './flags.ts'
import { readSettings } from './settings.ts'

/** Elasticsearch 8 and 9: a document a sample and a log line, in data streams (docs/elasticsearch.md) or the original's two indices. */
export const elasticsearchStorage: Storage<typeof elasticsearchFlags> = {
  name: 'elasticsearch',
  help: 'Elasticsearch 8 and 9, a document a sample and a log line',
  kinds: ['metrics', 'logs'],
  flags: elasticsearchFlags,
  mistakesOf: (flags) => readSettings(flags).mistakes,
  open: async (context) => {
    // Its client takes 30 MB and 0.2 CPU-s to load: no service that writes elsewhere should carry it.
    const { openElasticsearch } = await import('./open.ts')
    return openElasticsearch(context)
  },
}
