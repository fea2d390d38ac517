import { Serializer } from '@elastic/elasticsearch'

/** What is read of the answer of a bulk that stored everything: how many items it has. */
export type CreatedAnswer = { readonly created: number }

const HEAD = '{"items":['
const ITEM = '{"create":{"status":201}}'
const TAIL = ']}'

let knownCount = -1
let knownText = ''

/**
 * How many items an answer has that says of each that its document was created, and nothing else: `undefined` for any other text.
 * It is looked at as a whole: item by item it costs 0.3 µs a document, a tenth of all that a sample costs on its way.
 */
export function countCreated(answer: string): number | undefined {
  const count = (answer.length - HEAD.length - TAIL.length + 1) / (ITEM.length + 1)
  if (!Number.isInteger(count) || count < 1) return undefined
  if (count !== knownCount) {
    if (!answer.startsWith(HEAD + ITEM)) return undefined
    knownCount = count
    knownText = `${HEAD}${`${ITEM},`.repeat(count - 1)}${ITEM}${TAIL}`
  }
  return answer === knownText ? count : undefined
}

/** Reads answers as the client's own does, but for those in which everything is created. */
export class AnswerSerializer extends Serializer {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- so the client declares it
  override deserialize<T = unknown>(json: string): T {
    const created = countCreated(json)
    if (created === undefined) return super.deserialize<T>(json)
    const answer: CreatedAnswer = { created }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only a bulk has such an answer
    return answer as T
  }
}
