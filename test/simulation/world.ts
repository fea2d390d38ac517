import { reportOf } from '@clymene/ledger'
import { createMetrics } from '@clymene/runtime'

import { createBroker, SESSION_MS } from './broker.ts'
import { createChance, type Chance } from './chance.ts'
import { createClock, install } from './clock.ts'
import { PARTITIONS, planOf, SENDERS, SLOTS, type Event, type Plan } from './events.ts'
import { createFaults } from './faults.ts'
import { startIngester, type Ingester, type Mutation } from './ingester.ts'
import { createJudge } from './judge.ts'
import { createSender } from './senders.ts'
import { createStore } from './store.ts'

/** Long enough for every back-off, session and frozen process there is. */
const LIMIT_MS = 3_600_000
/** Then every book that changed has been saved. */
const SAVED_MS = 30_000
const metrics = createMetrics()

export const unchanged: Mutation = (handle) => handle

/** What goes wrong with one seed, in the world's words; nothing when all is well. */
export const simulate = (seed: number, mutate: Mutation = unchanged): Promise<readonly string[]> =>
  follow(seed, planOf(createChance(seed)), mutate)

/** Lets the events of a plan happen, then waits until everything is committed. */
export async function follow(seed: number, plan: Plan, mutate: Mutation = unchanged): Promise<readonly string[]> {
  const chance = createChance(seed ^ 0x5eed)
  const clock = createClock()
  const restore = install(clock, chance.next)
  try {
    const { act, isDone, killAll, judge, books } = createWorld(plan, { clock, chance, mutate })
    for (const event of plan.events) clock.after(event.at, () => act(event), 'nobody')
    const last = Math.max(...plan.events.map(({ at }) => at))
    // Whatever became of the others, one is there in the end.
    clock.after(last + 1, () => act({ at: last, does: 'start', slot: SLOTS }), 'nobody')
    if (!(await clock.run(() => clock.now() > last && isDone(), LIMIT_MS))) judge.complain('an hour later not everything is committed')
    // What was held up on its way may still come, and harm nothing.
    const held = Math.max(0, ...plan.events.map((event) => ('forMs' in event ? event.at + event.forMs : 0)))
    await clock.run(() => clock.now() > held + SESSION_MS, LIMIT_MS)
    // Whoever comes new has only what was saved.
    killAll()
    act({ at: last, does: 'start', slot: SLOTS })
    for (let sender = 0; sender < PARTITIONS; sender++) act({ at: last, does: 'send', sender, what: 'next', count: 1 })
    await clock.run(isDone, LIMIT_MS)
    await clock.run(() => false, SAVED_MS)
    judge.books(books())
    return judge.verdict()
  } finally {
    restore()
  }
}

type WorldOptions = { readonly clock: ReturnType<typeof createClock>; readonly chance: Chance; readonly mutate: Mutation }

function createWorld({ manner, maxBodyRecords }: Plan, { clock, chance, mutate }: WorldOptions) {
  const store = createStore(manner)
  const faults = createFaults()
  const judge = createJudge(store, maxBodyRecords)
  const broker = createBroker({ clock, partitions: PARTITIONS, onCommit: judge.committed })
  const senders = Array.from({ length: SENDERS }, (_, index) => createSender('abcd'[index]!, index % PARTITIONS, createChance(index)))
  const states = new Map<string, Buffer>()
  const slots: (Ingester | undefined)[] = Array.from({ length: SLOTS + 1 }, () => undefined)
  let started = 0

  const start = (): Ingester => {
    const id = `ingester-${++started}`
    return startIngester({
      id,
      clock,
      chance: createChance(chance.between(0, 2 ** 31)),
      broker,
      store,
      faults,
      states,
      metrics,
      maxBodyRecords,
      mutate,
      onWrite: (by, deliveries) => {
        judge.writes(by, deliveries)
        store.take(deliveries)
      },
      onDeadLetters: judge.deadLetters,
      onDoubt: judge.doubts,
      onTakeover: judge.takenOver,
      onSave: (name, state) => judge.saved(reportOf(new Map([[name, state]]))),
      onFailure: (error) => judge.complain(`${id} failed: ${String(error)}`),
    })
  }
  const act = (event: Event): void => {
    switch (event.does) {
      case 'send': {
        const { partition, send } = senders[event.sender]!
        for (let index = 0; index < event.count; index++) {
          for (const envelope of send(event.what)) {
            broker.append(partition, envelope)
            judge.appended(broker.at(partition, broker.end(partition) - 1))
          }
        }
        return
      }
      case 'write fault':
        return faults.addWrites(event.fault, event.count)
      case 'produce fault':
        return faults.addProduces(event.fault, event.count)
      case 'start':
        if (slots[event.slot]?.isAlive() !== true) slots[event.slot] = start()
        return
      case 'kill':
        return slots[event.slot]?.kill()
      case 'stop':
        return slots[event.slot]?.stop()
      case 'freeze':
        return slots[event.slot]?.freeze(event.forMs)
      case 'cut':
        return slots[event.slot]?.cut(event.forMs)
      case 'rebalance':
        return broker.rebalance()
      case 'expire': {
        const { partition, keep } = event
        const before = broker.end(partition) - keep
        judge.expired(partition, Math.max(broker.committed(partition) ?? 0, broker.start(partition)), before)
        return broker.expire(partition, before)
      }
    }
  }
  const isDone = (): boolean =>
    senders.every(
      ({ partition }) =>
        broker.end(partition) === 0 ||
        broker.committed(partition) === broker.end(partition) ||
        broker.start(partition) === broker.end(partition),
    )
  const killAll = (): void => {
    for (const ingester of slots) ingester?.kill()
  }
  return { act, isDone, killAll, judge, books: () => reportOf(states) }
}
