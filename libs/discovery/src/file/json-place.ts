const TOKEN =
  /[{}[\],:]|"(?:[ !#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y
const BLANKS = /[ \t\n\r]*/y

/** What may come next: `item` is a value or the end of an empty list, `entry` a key or the end of an empty object. */
type Expected = 'value' | 'item' | 'entry' | 'key' | 'colon' | 'more' | 'end'

/**
 * `line 3, column 5`, from 1: where a text stops being JSON, or its end when it is JSON as far as it goes. The engine's parser tells it
 * for few mistakes only, and together with what stands there.
 */
export function jsonPlace(text: string): string {
  const at = mistakeAt(text)
  const before = text.slice(0, at)
  return `line ${before.split('\n').length}, column ${at - before.lastIndexOf('\n')}`
}

function mistakeAt(text: string): number {
  const open: ('{' | '[')[] = []
  let expected: Expected = 'value'
  let at = 0
  for (;;) {
    BLANKS.lastIndex = at
    BLANKS.test(text)
    at = BLANKS.lastIndex
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)?.[0]
    const next: Expected | undefined = token === undefined ? undefined : follow(token, expected, open)
    if (token === undefined || next === undefined) return at
    at += token.length
    expected = next
  }
}

/** What may come after the token; undefined when it may not stand here. */
function follow(token: string, expected: Expected, open: ('{' | '[')[]): Expected | undefined {
  const after = (): Expected => (open.length === 0 ? 'end' : 'more')
  const inside = open.at(-1)
  if (token === ':') return expected === 'colon' ? 'value' : undefined
  if (token === ',') return expected === 'more' ? (inside === '{' ? 'key' : 'value') : undefined
  if (token === ']' || token === '}') {
    const mayClose = expected === 'more' || expected === (token === ']' ? 'item' : 'entry')
    if (!mayClose || inside !== (token === ']' ? '[' : '{')) return undefined
    open.pop()
    return after()
  }
  if (expected === 'key' || expected === 'entry') return token.startsWith('"') ? 'colon' : undefined
  if (expected !== 'value' && expected !== 'item') return undefined
  if (token !== '{' && token !== '[') return after()
  open.push(token)
  return token === '{' ? 'entry' : 'item'
}
