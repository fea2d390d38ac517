/**
 * Compiles what LogQL's `|>` compares a whole line with: literal text in which `<_>` stands for one or more characters.
 *
 * @throws Error for a pattern with named parts, or with parts that touch.
 */
export function compileLinePattern(pattern: string): (line: string) => boolean {
  const named = /<[A-Za-z][A-Za-z0-9_]*>/.exec(pattern)
  if (named !== null) throw new Error(`pattern ${JSON.stringify(pattern)}: ${named[0]} has a name, a filter knows <_> only`)
  const literals = pattern.split('<_>')
  if (literals.slice(1, -1).includes('')) throw new Error(`pattern ${JSON.stringify(pattern)}: literal text is needed between <_> and <_>`)
  const [first = '', ...rest] = literals
  const last = rest.pop()
  if (last === undefined) return (line) => line === first
  return (line) => {
    if (!line.startsWith(first)) return false
    let position = first.length
    for (const literal of rest) {
      const found = line.indexOf(literal, position + 1)
      if (found === -1) return false
      position = found + literal.length
    }
    return line.length - last.length > position && line.endsWith(last)
  }
}
