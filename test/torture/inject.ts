import { setTimeout as sleep } from 'node:timers/promises'

import type { Engine } from '../engines/engine.ts'
import type { TorturedAgent } from './agent.ts'
import type { History } from './history.ts'
import { describeFault, type Fault } from './plan.ts'
import type { Recorder } from './recorder.ts'

export type InjectOptions = {
  readonly agent: TorturedAgent
  readonly recorder: Recorder
  /** Absent where the recorder takes its place. */
  readonly gateway: Engine | undefined
  readonly history: History
}

/** Makes every fault of a plan at its time, or when the one before it on the same actor is mended, and mends it. Resolves when all are mended. */
export async function injectAll(faults: readonly Fault[], options: InjectOptions): Promise<void> {
  const began = performance.now()
  const injectInTurn = async (turn: readonly Fault[]): Promise<void> => {
    for (const fault of turn) {
      await sleep(Math.max(0, fault.atMs - (performance.now() - began)))
      options.history.add(`fault: ${describeFault(fault)}`)
      const mend = await inject(fault, options)
      await sleep(fault.forMs)
      await mend()
      options.history.add(`mended: ${describeFault(fault)}`)
    }
  }
  await Promise.all([...Map.groupBy(faults, ({ on }) => on).values()].map(injectInTurn))
}

const NOTHING = async (): Promise<void> => undefined

async function inject(fault: Fault, { agent, recorder, gateway }: InjectOptions): Promise<() => Promise<void>> {
  if (fault.kind === 'answers') {
    await recorder.answer(fault.answer)
    return () => recorder.answer(undefined)
  }
  if (fault.kind === 'reload') {
    await agent.reload(fault.by)
    return NOTHING
  }
  if (fault.on === 'agent') return fault.kind === 'kill' ? agent.kill() : fault.kind === 'pause' ? agent.pause() : agent.halt()
  if (gateway === undefined) return NOTHING
  if (fault.kind === 'pause') {
    await gateway.pause()
    return async () => gateway.resume()
  }
  await (fault.kind === 'kill' ? gateway.kill() : gateway.halt())
  return gateway.restart
}
