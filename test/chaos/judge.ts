import {
  describeItem,
  itemKey,
  placeOf,
  TAKES,
  UNREADABLE,
  type Evidence,
  type Finding,
  type Item,
  type Placed,
  type Sent,
} from './evidence.ts'
import { STORES, type StoreName } from './plan.ts'

/**
 * What is wrong, nothing when all promises were kept: what was acknowledged is in Kafka, in the order of its numbers; what is in
 * Kafka is in every store, exactly as there; nothing else is anywhere; no dead letters.
 */
export function judge(evidence: Evidence): readonly Finding[] {
  return [...judgeKafka(evidence), ...STORES.flatMap((store) => judgeStore(store, evidence)), ...judgeDeadLetters(evidence)]
}

/** A message that is none is a dead letter of each store that takes its kind, and nothing else is one. */
function judgeDeadLetters({ kafka, deadLetters }: Evidence): readonly Finding[] {
  const poisons = kafka.filter(({ series }) => series === UNREADABLE)
  const isPoison = ({ series, value }: Item): boolean => poisons.some((poison) => poison.series === series && poison.value === value)
  const missing = poisons.flatMap((poison) =>
    STORES.filter((store) => TAKES[store].includes(poison.kind)).flatMap((where): Finding[] => {
      const found = deadLetters.some(({ storage, items }) => storage === where && items.some(({ value }) => value === poison.value))
      return found ? [] : [{ what: 'lost', where, text: `no dead letter of ${placeOf(poison)}: ${poison.value}` }]
    }),
  )
  const others = deadLetters
    .filter(({ items }) => !items.every(isPoison))
    .map((letter): Finding => {
      const text = `${placeOf(letter)}: ${letter.reason}; ${letter.items.slice(0, 3).map(describeItem).join(', ')}, ${letter.items.length} in all`
      return { what: 'dead letter', where: letter.storage, text }
    })
  return [...missing, ...others]
}

const numberKey = ({ kind, series, value }: Pick<Sent, 'kind' | 'series' | 'value'>): string => `${kind} ${series} ${value}`

function judgeKafka({ sent, own, kafka }: Evidence): readonly Finding[] {
  const byNumber = new Map(sent.map((one) => [numberKey(one), one]))
  const inKafka = new Set(kafka.map(numberKey))
  const numbered = new Set(sent.map(({ series }) => series))
  const lost = sent
    .filter((one) => one.acknowledged && !inKafka.has(numberKey(one)))
    .map(({ series, value, time = '?' }): Finding => ({ what: 'lost', where: 'Kafka', text: describeItem({ series, time, value }) }))
  const strange = kafka.flatMap((item): Finding[] => {
    // A mark that a series is over is the agent's own as well.
    if (own.has(item.series) || (item.value === 'NaN' && numbered.has(item.series))) return []
    const known = byNumber.get(numberKey(item))
    const text = `${placeOf(item)}: ${describeItem(item)}`
    if (known === undefined) return [{ what: 'invented', where: 'Kafka', text }]
    return known.time === undefined || known.time === item.time
      ? []
      : [{ what: 'changed', where: 'Kafka', text: `${text}, sent at ${known.time}` }]
  })
  return [...lost, ...strange, ...judgeOrder(kafka, byNumber)]
}

/** The first time that each number of a series stands in Kafka: in one partition, in the order in which they were sent. */
function judgeOrder(kafka: readonly Placed[], byNumber: ReadonlyMap<string, Sent>): readonly Finding[] {
  const findings: Finding[] = []
  const last = new Map<string, { readonly number: number; readonly at: Placed }>()
  const seen = new Set<string>()
  for (const item of kafka) {
    const known = byNumber.get(numberKey(item))
    if (known === undefined || item.series === UNREADABLE || seen.has(numberKey(item))) continue
    seen.add(numberKey(item))
    const before = last.get(item.series)
    last.set(item.series, { number: known.number, at: item })
    if (before === undefined) continue
    const text = `${placeOf(item)}: ${describeItem(item)} after ${describeItem(before.at)} of ${placeOf(before.at)}`
    if (before.at.partition !== item.partition) findings.push({ what: 'swapped', where: 'Kafka', text: `another partition: ${text}` })
    else if (before.number > known.number) findings.push({ what: 'swapped', where: 'Kafka', text })
  }
  return findings
}

function judgeStore(store: StoreName, { sent, kafka, stores }: Evidence): readonly Finding[] {
  const expected = Map.groupBy(
    kafka.filter(({ kind, series, value }) => TAKES[store].includes(kind) && series !== UNREADABLE && value !== 'NaN'),
    itemKey,
  )
  const stored = Map.groupBy(stores[store], itemKey)
  const lost = [...expected].flatMap(([key, [first]]): Finding[] =>
    first === undefined || stored.has(key) ? [] : [{ what: 'lost', where: store, text: `${placeOf(first)}: ${describeItem(first)}` }],
  )
  const more = [...stored].flatMap(([key, found]): Finding[] => {
    const [item] = found
    const places = expected.get(key)
    if (item === undefined) return []
    if (places === undefined) return [{ what: 'invented', where: store, text: describeItem(item) }]
    // What came into Kafka twice may be there twice where each message has documents of its own, and nowhere else.
    const allowed = store === 'elasticsearch' ? places.length : 1
    if (found.length <= allowed) return []
    const ids = found.map(({ id }) => id ?? '').join(' ')
    return [{ what: 'doubled', where: store, text: `${found.length} times ${describeItem(item)}, ${places.map(placeOf).join(' ')} ${ids}` }]
  })
  return [...lost, ...more, ...judgeIds(store, stores[store]), ...judgeTimes(store, sent, stores[store])]
}

function judgeIds(store: StoreName, stored: Evidence['stores'][StoreName]): readonly Finding[] {
  const byId = Map.groupBy(
    stored.filter(({ id }) => id !== undefined),
    ({ kind, id }) => `${kind} ${id}`,
  )
  return [...byId].flatMap(([id, found]): Finding[] =>
    found.length === 1
      ? []
      : [{ what: 'doubled', where: store, text: `${found.length} documents have the id ${id}: ${found.map(describeItem).join(', ')}` }],
  )
}

/** Within a series what has a higher number has a later time. */
function judgeTimes(store: StoreName, sent: readonly Sent[], stored: readonly Item[]): readonly Finding[] {
  const numbers = new Map(sent.map((one) => [numberKey(one), one.number]))
  const bySeries = Map.groupBy(
    stored.flatMap((item) => {
      const number = numbers.get(numberKey(item))
      return number === undefined ? [] : [{ item, number, time: BigInt(item.time) }]
    }),
    ({ item }) => `${item.kind} ${item.series}`,
  )
  return [...bySeries.values()].flatMap((items) => {
    const inTime = items.toSorted((a, b) => (a.time === b.time ? a.number - b.number : a.time < b.time ? -1 : 1))
    return inTime.flatMap((one, index): Finding[] => {
      const before = inTime[index - 1]
      if (before === undefined || before.number <= one.number) return []
      return [{ what: 'swapped', where: store, text: `${describeItem(one.item)} after ${describeItem(before.item)}` }]
    })
  })
}
