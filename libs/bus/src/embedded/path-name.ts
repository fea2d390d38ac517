import { ConfigError } from '@clymene/model'

/** Longest name of a file or directory everywhere. */
const MAX_NAME_BYTES = 240

/**
 * A name of a topic or group as one element of a path: reversible, without `/` and `.`, so that it can lead nowhere else.
 *
 * @throws ConfigError when it is empty or, with what has to be escaped, too long.
 */
export function toPathName(name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed()).replaceAll('.', '%2E')
  if (encoded === '' || encoded.length > MAX_NAME_BYTES)
    throw new ConfigError(`"${name.slice(0, 64)}" as name of a topic or group: expected 1 to ${MAX_NAME_BYTES} characters`)
  return encoded
}

/** The name that was given to {@link toPathName}; undefined for what it never makes. */
export function fromPathName(encoded: string): string | undefined {
  try {
    const name = decodeURIComponent(encoded)
    return toPathName(name) === encoded ? name : undefined
  } catch {
    return undefined
  }
}
