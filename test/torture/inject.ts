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

/** Makes every fault of a plan at its time, and mends it. Resolves when all are mended. */
export async function injectAll(faults: readonly Fault[], options: InjectOptions): Promise<void> {
  await Promise.all(
    faults.map(async (fault) => {
      await sleep(fault.atMs)
      options.history.add(`fault: ${describeFault(fault)}`)
      const mend = await inject(fault, options)
      await sleep(fault.forMs)
      await mend()
      options.history.add(`mended: ${describeFault(fault)}`)
    }),
  )
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
