import { inspected } from './inspect.ts'
import type { StageConfig } from './parse-stages.ts'
import type { Pass, Stage, StageContext } from './stage.ts'

/**
 * Starts stages one after the other, as one stage: what comes out of the last goes to `pass`. For pipelines, and for
 * stages that hold stages of their own.
 */
export function startChain(configs: readonly StageConfig[], pass: Pass, context: StageContext): Required<Stage> {
  const { inspect } = context
  const stages: Stage[] = []
  let first = pass
  for (const { name, start, tellsItself } of configs.toReversed()) {
    const next = first
    const stage = inspect === undefined || tellsItself === true ? start(next, context) : inspected(name, start, next, context, inspect)
    stages.unshift(stage)
    first = stage.push
  }
  // Asked for after every line.
  const waiting = stages.filter(({ waitUntilNs }) => waitUntilNs !== undefined)
  return {
    push: first,
    // In order: what an early stage lets go may be held by a later one.
    flush: (nowNs) => {
      for (const stage of stages) stage.flush?.(nowNs)
    },
    stop: () => {
      for (const stage of stages) stage.stop?.()
    },
    held: () => {
      let sum = 0
      for (const stage of stages) sum += stage.held?.() ?? 0
      return sum
    },
    heldFrom: () => Math.min(...stages.map((stage) => stage.heldFrom?.() ?? Number.POSITIVE_INFINITY)),
    repeatable: () => stages.every((stage) => stage.repeatable?.() ?? true),
    waitUntilNs: () => {
      let latest = 0n
      for (const stage of waiting) {
        const untilNs = stage.waitUntilNs?.() ?? 0n
        if (untilNs > latest) latest = untilNs
      }
      return latest
    },
  }
}
