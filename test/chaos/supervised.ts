import type { Service } from '../e2e/service.ts'

/** A service that is started again when it ends by itself. */
export type Supervised = {
  readonly name: string
  readonly service: Service
  /** Ended by itself so often: each time is told in the report, it is no fault by itself. */
  readonly ended: () => number
  /** Nobody starts it again while `act` runs: it takes care of that. */
  readonly alone: (act: () => Promise<void>) => Promise<void>
  /** Ends it in its own order and leaves it so. */
  readonly halt: () => Promise<void>
  readonly stop: () => Promise<void>
}

const EVERY_MS = 300

export function superviseService(name: string, service: Service): Supervised {
  let ended = 0
  let isLeftAlone = false
  let restarting: Promise<void> | undefined
  const look = (): void => {
    if (isLeftAlone || restarting !== undefined || isAlive(service.pid)) return
    ended++
    restarting = service
      .restart()
      .catch((error: unknown) => void process.stderr.write(`${name} does not start again: ${String(error)}\n`))
      .finally(() => {
        restarting = undefined
      })
  }
  const timer = setInterval(look, EVERY_MS)
  const leave = async (): Promise<void> => {
    clearInterval(timer)
    isLeftAlone = true
    await restarting
  }
  return {
    name,
    service,
    ended: () => ended,
    alone: async (act) => {
      isLeftAlone = true
      await restarting
      try {
        await act()
      } finally {
        isLeftAlone = false
      }
    },
    halt: async () => {
      await leave()
      await service.halt()
    },
    stop: async () => {
      await leave()
      await service.stop()
    },
  }
}

/** A process that ended is waited for by Node at once, so its number is free. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
