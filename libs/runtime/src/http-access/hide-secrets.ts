/** Shorter ones would make a text unreadable; nobody can guess a secret from where it would have stood. */
const MIN_LENGTH = 4

/** A text of a peer, which may quote what it was sent, without the values of these headers and the password in them. */
export function hideSecrets(text: string, headers: Readonly<Record<string, string>>): string {
  const secrets = Object.entries(headers)
    .flatMap(([name, value]) => (name === 'authorization' ? credentialsIn(value) : [value]))
    // What was sent is a character for each byte of UTF-8; a peer quotes the characters.
    .flatMap((secret) => [secret, Buffer.from(secret, 'latin1').toString()])
    .filter(({ length }) => length >= MIN_LENGTH)
  // The longest first: one may be a part of another.
  return secrets.toSorted((a, b) => b.length - a.length).reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

/** Of `Bearer T` that is T, of `Basic` the pair in base64, the pair and the password. */
function credentialsIn(value: string): readonly string[] {
  const { scheme = '', credentials = value } = /^(?<scheme>[\w-]+) (?<credentials>.+)$/.exec(value)?.groups ?? {}
  if (scheme.toLowerCase() !== 'basic') return [credentials]
  const pair = Buffer.from(credentials, 'base64').toString()
  return [credentials, pair, pair.slice(pair.indexOf(':') + 1)]
}
