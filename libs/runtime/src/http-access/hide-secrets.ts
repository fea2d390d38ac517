/** Shorter ones would make a text unreadable; nobody can guess a secret from where it would have stood. */
const MIN_LENGTH = 4

/** A text of a peer, which may quote what it was sent, without the values of these headers and the password in them. */
export function hideSecrets(text: string, headers: Readonly<Record<string, string>>): string {
  const secrets = Object.values(headers)
    .flatMap(partsOf)
    .filter(({ length }) => length >= MIN_LENGTH)
  // The longest first: one may be a part of another.
  return secrets.toSorted((a, b) => b.length - a.length).reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

/** `Bearer T` hides T, `Basic` the pair in base64, the pair and the password. */
function partsOf(value: string): readonly string[] {
  const credentials = /^[\w-]+ (.+)$/.exec(value)?.[1]
  if (credentials === undefined) return [value]
  if (!/^basic /i.test(value)) return [value, credentials]
  const pair = Buffer.from(credentials, 'base64').toString()
  return [value, credentials, pair, pair.slice(pair.indexOf(':') + 1)]
}
