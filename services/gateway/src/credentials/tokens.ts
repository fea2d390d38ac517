import { createHash, timingSafeEqual } from 'node:crypto'

/** What a token allows: who it is, and where its messages belong. */
export type Grant = {
  /** In logs, and the key of senders that do not number their messages. */
  readonly name: string
  /** Undefined: the sender says. */
  readonly cluster: string | undefined
  readonly tenant: string | undefined
}

export type TokenEntry = { readonly sha256: Buffer; readonly grant: Grant }

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Finds what a presented token allows. Takes the same time whichever entry matches, and however much of a token is right. */
export function grantOf(entries: readonly TokenEntry[], presented: string): Grant | undefined {
  const hash = sha256(presented)
  let found: Grant | undefined
  for (const entry of entries) if (timingSafeEqual(entry.sha256, hash)) found = entry.grant
  return found
}

/** The token in `Authorization: Bearer T`, or the password of Basic (RFC 6750 §2.1, RFC 7617), which some senders know only. */
export function presentedToken(authorization: string | undefined): string | undefined {
  const [, scheme = '', credentials = ''] = /^(\w+) +(\S+) *$/.exec(authorization ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') return credentials
  if (scheme.toLowerCase() !== 'basic') return undefined
  const text = Buffer.from(credentials, 'base64').toString()
  const at = text.indexOf(':')
  return at === -1 || at === text.length - 1 ? undefined : text.slice(at + 1)
}
