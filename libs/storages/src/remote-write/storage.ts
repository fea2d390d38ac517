import type { Flag, FlagSet, FlagValues, Storage } from '@clymene/model'
import { flag } from '@clymene/runtime'

import { refuse } from '../flag-mistakes.ts'
import { readStoreAccess, storeFlags, type StoreFlags } from '../http/store-flags.ts'
import { openRemoteWrite } from './remote-write.ts'

const ownFlags = (url: string, urlHelp: string) => ({
  url: flag.url(url, urlHelp),
  timeout: flag.duration('10s', 'Limit of one request'),
  'user.agent': flag.string('', 'User-Agent; empty is Clymene/<version>'),
  'max.err.msg.len': flag.int(256, 'Bytes of an error answer that are logged'),
  'max-connections': flag.int(32, 'Open connections at most', { min: 1 }),
})

type OwnFlags = ReturnType<typeof ownFlags>
export type RemoteWriteFlags<P extends string> = StoreFlags<P> & { readonly [K in keyof OwnFlags as `${P}.${K}`]: OwnFlags[K] }

export type RemoteWriteStorage<P extends string> = Pick<Storage, 'name' | 'help' | 'storesParts'> & {
  /** Of the flags. */
  readonly prefix: P
  /** Where to write unless it is said. */
  readonly url: string
  readonly urlHelp: string
  /** Flags beside these, which do nothing. */
  readonly accepted?: FlagSet
}

/** A storage that takes remote write 1.0: the same requests under flags of its own. */
export function remoteWriteStorage<P extends string>(options: RemoteWriteStorage<P>): Storage<RemoteWriteFlags<P>> {
  const { name, help, storesParts, prefix, url, urlHelp, accepted } = options
  const own: [string, Flag<unknown>][] = Object.entries(ownFlags(url, urlHelp)).map(([key, one]) => [`${prefix}.${key}`, one])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript cannot follow fromEntries
  const flags = { ...Object.fromEntries(own), ...accepted, ...storeFlags(prefix) } as RemoteWriteFlags<P>
  return {
    name,
    help,
    kinds: ['metrics'],
    ...(storesParts === undefined ? {} : { storesParts }),
    flags,
    mistakesOf: (values) => readStoreAccess(prefix, values).mistakes,
    open: async ({ flags: values, version }) => {
      const given: Readonly<Record<string, unknown>> = values
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of the flags above, under their prefix
      const get = <K extends keyof OwnFlags>(key: K): FlagValues<OwnFlags>[K] => given[`${prefix}.${key}`] as never
      const { access, tenant, mistakes } = readStoreAccess(prefix, values)
      refuse(mistakes)
      return openRemoteWrite({
        url: get('url'),
        timeoutMs: get('timeout'),
        userAgent: get('user.agent'),
        maxErrorBytes: get('max.err.msg.len'),
        connections: get('max-connections'),
        access,
        tenant,
        version,
      })
    },
  }
}
