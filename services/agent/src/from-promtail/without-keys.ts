import { isMap } from 'yaml'

import type { ConfigText } from '../config-text.ts'
import { parseYaml } from '../config/yaml-document.ts'
import { isNode, keyOf } from '../config/yaml-nodes.ts'

/**
 * The text without these keys of its top level; the rest stays to the letter, or in the same words where the whole file is one `{ … }`.
 *
 * @throws ConfigError when the text is no YAML, or what is left names an anchor that went away.
 */
export function withoutKeys({ text, path }: ConfigText, keys: readonly string[]): string {
  const { document } = parseYaml(text, path)
  const map = document.contents
  if (!isMap(map)) return text
  const gone = map.items.filter((pair) => keys.includes(keyOf(pair)))
  if (gone.length === 0) return text
  if (map.flow === true) {
    for (const key of keys) map.delete(key)
    return document.toString({ lineWidth: 0 })
  }
  let left = text
  for (const { key, value } of gone.toReversed()) {
    const [start = 0, end = 0] = isNode(key) ? (key.range ?? []) : []
    const valueEnd = isNode(value) ? (value.range?.[1] ?? end) : end
    const newline = left.indexOf('\n', Math.max(end, valueEnd - 1))
    left = left.slice(0, start) + (newline === -1 ? '' : left.slice(newline + 1))
  }
  parseYaml(left, path)
  return left
}
