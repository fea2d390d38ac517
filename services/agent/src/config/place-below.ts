import { isMap, isSeq } from 'yaml'

import { isNode, pairsOf, withoutValue, type Follow } from './yaml-nodes.ts'

/**
 * The node that a mistake of another parser means: the deepest one on the way of the indexes and keys (`[3].labels.zone`) that stand behind
 * the place which the parser was given. A key stands for what is below it, as its line is where people look.
 */
export function nodeBelow(node: unknown, way: string, follow: Follow): unknown {
  const found = follow(node)
  if (isSeq(found)) {
    const [step = '', index = ''] = /^\[(\d+)\]/.exec(way) ?? []
    const item = step === '' ? undefined : found.items[Number(index)]
    return isNode(item) ? (nodeBelow(item, way.slice(step.length), follow) ?? item) : undefined
  }
  if (!isMap(found)) return undefined
  // Names of labels may have dots in them: the longest key that fits is meant.
  const fits = [...pairsOf(found, follow)].filter(([key]) => isNext(way, `.${withoutValue(key)}`))
  const [key, pair] = fits.toSorted(([a], [b]) => b.length - a.length)[0] ?? []
  return key === undefined ? undefined : (nodeBelow(pair?.value, way.slice(1 + withoutValue(key).length), follow) ?? pair?.key)
}

const isNext = (way: string, key: string): boolean => way.startsWith(key) && /^(?:$|[.[: ])/.test(way.slice(key.length))
