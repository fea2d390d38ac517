import type { ConfigText } from '../config-text.ts'

/**
 * Puts variables into the text of a configuration before it is read, as Promtail's `-config.expand-env` does: `${NAME}`,
 * `${NAME:-text}`, `${NAME:=text}` and `${NAME=text}` with a text for when NAME is not set or empty, `${NAME:?text}` with what is then wrong. `$$` is a dollar, and a
 * backslash before a backslash or a slash goes away. What begins with a digit, `${1}`, is left to the rules that it stands in.
 *
 * @param mistakes gets what looks like a variable and is none, with file and line.
 * @param warnings gets each variable that is not set and has no text in its place: it is empty.
 */
export function expandEnvironment(
  { text, path }: ConfigText,
  env: NodeJS.ProcessEnv,
  { mistakes, warnings }: { readonly mistakes: string[]; readonly warnings: string[] },
): string {
  const where = (offset: number): string => `${path}:${text.slice(0, offset).split('\n').length}`
  return text.replaceAll(SPECIAL, (whole: string, escaped: string | undefined, braced: string | undefined, offset: number) => {
    if (escaped !== undefined) return escaped
    if (whole === '$$') return '$'
    const inside = braced ?? ''
    if (/^\d+\}$/.test(inside)) return whole
    const { name, fallback, wrong } = VARIABLE.exec(inside)?.groups ?? {}
    if (name === undefined) {
      // What stands in the braces may be a secret that was meant for somewhere else.
      mistakes.push(`${where(offset)}: expected \${NAME} or \${NAME:-text} behind a dollar and a brace, or $$ for a dollar`)
      return whole
    }
    const value = env[name] ?? ''
    if (value !== '') return value
    if (wrong !== undefined) mistakes.push(`${where(offset)}: the environment has no ${name}: ${wrong}`)
    else if (fallback === undefined && env[name] === undefined)
      warnings.push(`${where(offset)}: the environment has no ${name}: it is empty`)
    return fallback ?? ''
  })
}

/** An escaped sign, two dollars, or a dollar, a brace and what follows up to the end of it. */
const SPECIAL = /\\([\\/])|\$\$|\$\{([^}\n]*\}?)/g
const VARIABLE = /^(?<name>[A-Za-z_]\w*)(?:(?::-|:=|=)(?<fallback>[^}]*)|:\?(?<wrong>[^}]*))?\}$/
