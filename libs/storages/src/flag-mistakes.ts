import { ConfigError } from '@clymene/model'

/** User and password of a URL are percent-encoded; a bare % is the usual slip. The URL itself is never quoted: it holds a password. */
export function urlMistakes(name: string, url: URL): readonly string[] {
  try {
    decodeURIComponent(url.username)
    decodeURIComponent(url.password)
    return []
  } catch {
    return [`--${name}: expected a percent-encoded user and password, with %25 for a "%"`]
  }
}

/** A limit of 0 would end every request before its answer. */
export const timeoutMistakes = (name: string, timeoutMs: number): readonly string[] =>
  timeoutMs >= 1 ? [] : [`--${name}: expected at least 1ms, found ${timeoutMs}ms`]

/** @throws ConfigError when there is any. */
export function refuse(mistakes: readonly string[]): void {
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}

/** The mistakes that `read` throws. */
export function mistakesIn(read: () => unknown): readonly string[] {
  try {
    read()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
}
