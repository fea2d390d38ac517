import type { FlagSet, FlagValues, Storage } from '@clymene/model'
import { flag } from '@clymene/runtime'

import { refuse, timeoutMistakes, urlMistakes } from '../flag-mistakes.ts'
import { readStoreAccess, storeFlags } from '../http/store-flags.ts'
import { openRemoteWrite } from '../remote-write/remote-write.ts'

const flags = {
  'prometheus.remote.url': flag.url('http://localhost:9090/api/v1/write', 'Where to write: a remote write 1.0 receiver'),
  'prometheus.remote.timeout': flag.duration('10s', 'Limit of one request'),
  'prometheus.remote.user.agent': flag.string('', 'User-Agent; empty is Clymene/<version>'),
  'prometheus.remote.max.err.msg.len': flag.int(256, 'Bytes of an error answer that are logged'),
  'prometheus.remote.max-connections': flag.int(32, 'Open connections at most', { min: 1 }),
  ...storeFlags('prometheus.remote'),
} satisfies FlagSet

const accessOf = (values: FlagValues<typeof flags>) => readStoreAccess('prometheus.remote', values, 'prometheus.remote.url')

const mistakesOf = (values: FlagValues<typeof flags>): readonly string[] => [
  ...urlMistakes('prometheus.remote.url', values['prometheus.remote.url']),
  ...timeoutMistakes('prometheus.remote.timeout', values['prometheus.remote.timeout']),
  ...accessOf(values).mistakes,
]

/** Prometheus, or anything that takes remote write 1.0. */
export const prometheusStorage: Storage<typeof flags> = {
  name: 'prometheus',
  help: 'Prometheus remote write 1.0',
  kinds: ['metrics'],
  flags,
  mistakesOf,
  open: async ({ flags: values, version }) => {
    refuse(mistakesOf(values))
    const { access, tenant } = accessOf(values)
    return openRemoteWrite({
      url: values['prometheus.remote.url'],
      timeoutMs: values['prometheus.remote.timeout'],
      userAgent: values['prometheus.remote.user.agent'],
      maxErrorBytes: values['prometheus.remote.max.err.msg.len'],
      connections: values['prometheus.remote.max-connections'],
      access,
      tenant,
      version,
    })
  },
}
