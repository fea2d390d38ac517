/** What stands where a secret stood, as in Prometheus. */
export const REDACTED = '<secret>'

/** Whether what a configuration has under this key is itself a secret; the path of a file with one is none. Headers are: one of them is `Authorization`. */
export const isSecretKey = (key: string): boolean =>
  /(?:^|_)(?:password|passwd|passphrase|secrets?|tokens?|credentials?|key|apikey|connection_string)$|^(?:proxy_connect_header|headers)$/.test(
    snakeCase(key),
  )

/** The same of a parameter of a URL, where also signatures and bare codes give access. */
export const isSecretParameter = (name: string): boolean =>
  isSecretKey(name) || /(?:^|_)(?:pass|pwd|auth|authorization|sig|signature|assertion|session|code)$/.test(snakeCase(name))

/** `apiKey`, `api-key`, `X-Api-Key` and `api_key` are one name. */
const snakeCase = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()

/**
 * Every URL in a text without its user and password and without the values of parameters that are secrets. Texts without a URL stay as
 * they are, and so does what was redacted before.
 */
export function redactUrls(text: string): string {
  if (!text.includes('//') && !text.includes('?')) return text
  return text
    .replaceAll(/\/\/[^/?#\s"'<>]*@/g, `//${REDACTED}@`)
    .replaceAll(/([?&;])([^=&#;\s"'<>]+)=(?:<secret>|[^&#;\s"'<>])*/g, (whole, before: string, name: string) =>
      isSecretParameter(decoded(name)) ? `${before}${name}=${REDACTED}` : whole,
    )
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
