import type { FlagSet, FlagValues, Storage } from '@clymene/model'
import { flag } from '@clymene/runtime'

import { refuse } from '../flag-mistakes.ts'
import { createBlockSink } from '../http/block-sink.ts'
import { createHttpPush } from '../http/push.ts'
import { readStoreAccess, storeFlags } from '../http/store-flags.ts'
import { lineVerdict } from '../verdicts.ts'

const flags = {
  'loki.client.url': flag.url('http://localhost:3100/loki/api/v1/push', 'Push path of Loki'),
  'loki.client.timeout': flag.duration('10s', 'Limit of one request'),
  'loki.client.max-err-msg-len': flag.int(1024, 'Bytes of an error answer that are logged'),
  'loki.client.max-connections': flag.int(32, 'Open connections at most', { min: 1 }),
  ...storeFlags('loki.client'),
} satisfies FlagSet

const accessOf = (values: FlagValues<typeof flags>) => readStoreAccess('loki.client', values)

/**
 * Loki's push API, a snappy block of a `PushRequest`. Of a body that it answers with 400 Loki may have stored a part; that part
 * is sent again when the caller halves, and Loki keeps a line of the same stream, time and text only once.
 */
export const lokiStorage: Storage<typeof flags> = {
  name: 'loki',
  help: 'Loki push API',
  kinds: ['logs'],
  flags,
  mistakesOf: (values) => accessOf(values).mistakes,
  open: async ({ flags: values, version }) => {
    const { access, tenant, mistakes } = accessOf(values)
    refuse(mistakes)
    const push = createHttpPush({
      url: values['loki.client.url'],
      timeoutMs: values['loki.client.timeout'],
      connections: values['loki.client.max-connections'],
      maxErrorBytes: values['loki.client.max-err-msg-len'],
      headers: { 'content-type': 'application/x-protobuf', 'user-agent': `Clymene/${version}`, 'clymene-version': version },
      access,
      judge: lineVerdict,
    })
    return { sinks: { logs: createBlockSink(push, tenant) }, check: push.check, close: push.close }
  },
}
