import type { Flag } from '@clymene/model'
import { accessFlags, createHttpAccess, flag, readAccess, type AccessFlags, type HttpAccess } from '@clymene/runtime'

import { timeoutMistakes, urlMistakes } from '../flag-mistakes.ts'

export type StoreFlags<P extends string> = AccessFlags<P> & { readonly [K in `${P}.tenant-id`]: Flag<string> }

/** How a store of many tenants is reached, under the prefix of a storage. */
export function storeFlags<P extends string>(prefix: P): StoreFlags<P> {
  const tenant = flag.string('', 'Tenant of everything, sent as X-Scope-OrgID; empty is the tenant that travels with each message, if any')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a computed name loses its type
  return { ...accessFlags(prefix), [`${prefix}.tenant-id`]: tenant } as StoreFlags<P>
}

export type StoreAccess = {
  readonly access: HttpAccess
  /** '' is the tenant of each message. */
  readonly tenant: string
  readonly mistakes: readonly string[]
}

/** What the flags under `prefix` say of a store; its own `url` and `timeout` are looked at with them. */
export function readStoreAccess(prefix: string, values: Readonly<Record<string, unknown>>): StoreAccess {
  const [urlFlag, timeoutFlag] = [`${prefix}.url`, `${prefix}.timeout`]
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- values of the flags above and of the storage that has them
  const [tenant, url, timeoutMs] = [values[`${prefix}.tenant-id`] as string, values[urlFlag] as URL, values[timeoutFlag] as number]
  const taken = new Map(tenant === '' ? [] : [['x-scope-orgid', `--${prefix}.tenant-id`]])
  const { options, mistakes } = readAccess(prefix, values, { addresses: [[urlFlag, url]], taken })
  const wrongTenant = tenant === '' || isTenant(tenant) ? [] : [`--${prefix}.tenant-id: expected visible ASCII without blanks`]
  return {
    access: createHttpAccess(options),
    tenant,
    mistakes: [...urlMistakes(urlFlag, url), ...timeoutMistakes(timeoutFlag, timeoutMs), ...mistakes, ...wrongTenant],
  }
}

/** What X-Scope-OrgID can carry. Which of these characters it likes is the store's affair. */
export const isTenant = (tenant: string): boolean => /^[!-~]+$/.test(tenant)
