import type { FlagSet, FlagValues, Storage } from '@clymene/model'
import { flag } from '@clymene/runtime'

import { refuse, timeoutMistakes, urlMistakes } from '../flag-mistakes.ts'
import { readStoreAccess, storeFlags } from '../http/store-flags.ts'
import { openRemoteWrite } from '../remote-write/remote-write.ts'

const flags = {
  'cortex.distributor.url': flag.url('http://localhost/api/v1/push', 'Where to write: the push path of a distributor of Cortex or Mimir'),
  'cortex.distributor.timeout': flag.duration('10s', 'Limit of one request'),
  'cortex.distributor.user.agent': flag.string('', 'User-Agent; empty is Clymene/<version>'),
  'cortex.distributor.max.err.msg.len': flag.int(256, 'Bytes of an error answer that are logged'),
  'cortex.distributor.max-connections': flag.int(32, 'Open connections at most', { min: 1 }),
  'cortex.distributor.kafka.encoding': flag.string('protobuf', 'Encoding', { noEffect: 'bodies are always protobuf' }),
  ...storeFlags('cortex.distributor'),
} satisfies FlagSet

const accessOf = (values: FlagValues<typeof flags>) => readStoreAccess('cortex.distributor', values, 'cortex.distributor.url')

const mistakesOf = (values: FlagValues<typeof flags>): readonly string[] => [
  ...urlMistakes('cortex.distributor.url', values['cortex.distributor.url']),
  ...timeoutMistakes('cortex.distributor.timeout', values['cortex.distributor.timeout']),
  ...accessOf(values).mistakes,
]

/** Cortex and Mimir: the same body as for Prometheus, under its own flags. */
export const cortexStorage: Storage<typeof flags> = {
  name: 'cortex',
  help: 'Cortex or Mimir, remote write 1.0 to a distributor',
  kinds: ['metrics'],
  storesParts: true,
  flags,
  mistakesOf,
  open: async ({ flags: values, version }) => {
    refuse(mistakesOf(values))
    const { access, tenant } = accessOf(values)
    return openRemoteWrite({
      url: values['cortex.distributor.url'],
      timeoutMs: values['cortex.distributor.timeout'],
      userAgent: values['cortex.distributor.user.agent'],
      maxErrorBytes: values['cortex.distributor.max.err.msg.len'],
      connections: values['cortex.distributor.max-connections'],
      access,
      tenant,
      version,
    })
  },
}
