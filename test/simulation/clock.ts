import { AsyncLocalStorage } from 'node:async_hooks'

/** Whose timers they are: one that is frozen gets them when it goes on, one that is dead never. */
export type Owner = { state: 'running' | 'frozen' | 'dead'; readonly held: (() => void)[] }

type Timer = { readonly at: number; readonly order: number; readonly act: () => void; readonly owner: Owner | undefined }

/** Time that stands still until somebody waits for it. Everything that happens in a simulation happens in a timer of it. */
export type Clock = {
  readonly now: () => number
  /** Runs `act` in the name of an owner, or of nobody: then it happens whatever becomes of the caller. @returns how to cancel */
  readonly after: (delayMs: number, act: () => void, owner?: Owner | 'caller' | 'nobody') => () => void
  /** Runs `act` in the name of an owner, with all that it starts. */
  readonly as: (owner: Owner, act: () => void) => void
  readonly freeze: (owner: Owner) => void
  readonly thaw: (owner: Owner) => void
  /** Lets time pass until `isOver`, or `limitMs` have passed. @returns whether it was over */
  readonly run: (isOver: () => boolean, limitMs: number) => Promise<boolean>
}

const tick = setImmediate

export function createClock(): Clock {
  const owners = new AsyncLocalStorage<Owner | undefined>()
  const timers = new Set<Timer>()
  let now = 0
  let order = 0

  const next = (): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers)
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    return first
  }
  const fire = ({ act, owner }: Timer): void => {
    if (owner?.state === 'dead') return
    if (owner?.state === 'frozen') owner.held.push(act)
    else owners.run(owner, act)
  }

  return {
    now: () => now,
    after: (delayMs, act, owner = 'caller') => {
      const whose = owner === 'caller' ? owners.getStore() : owner === 'nobody' ? undefined : owner
      const timer = { at: now + Math.max(0, delayMs), order: order++, act, owner: whose }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    as: (owner, act) => owners.run(owner, act),
    freeze: (owner) => {
      if (owner.state === 'running') owner.state = 'frozen'
    },
    thaw: (owner) => {
      if (owner.state !== 'frozen') return
      owner.state = 'running'
      // All that became due meanwhile happens now, in its order.
      for (const act of owner.held.splice(0)) timers.add({ at: now, order: order++, act, owner })
    },
    run: async (isOver, limitMs) => {
      const end = now + limitMs
      for (;;) {
        // Whatever a timer let go on has gone as far as it can without another one.
        await new Promise<void>((resolve) => tick(resolve))
        if (isOver()) return true
        const timer = next()
        if (timer === undefined || timer.at > end) return false
        timers.delete(timer)
        now = timer.at
        fire(timer)
      }
    },
  }
}

/** Puts the clock and a source of chance in the place of the world's. @returns how to put the world's back */
export function install(clock: Clock, random: () => number): () => void {
  const restore = [
    replace(globalThis, {
      setTimeout: (act: (...args: unknown[]) => void, delayMs = 0, ...args: unknown[]) => {
        const cancel = clock.after(delayMs, () => act(...args))
        return Object.assign(cancel, { unref: () => cancel, ref: () => cancel })
      },
      clearTimeout: (cancel: unknown): void => void (typeof cancel === 'function' && cancel()),
    }),
    replace(Date, { now: () => EPOCH_MS + Math.floor(clock.now()) }),
    replace(performance, { now: clock.now }),
    replace(Math, { random }),
    replace(AbortSignal, {
      timeout: (delayMs: number) => {
        const controller = new AbortController()
        clock.after(delayMs, () => controller.abort(new DOMException('The operation timed out', 'TimeoutError')))
        return controller.signal
      },
    }),
  ]
  return () => {
    for (const one of restore) one()
  }
}

function replace(owner: object, parts: Readonly<Record<string, unknown>>): () => void {
  const before = Object.keys(parts).map((name) => [name, Object.getOwnPropertyDescriptor(owner, name)] as const)
  for (const [name, value] of Object.entries(parts)) Object.defineProperty(owner, name, { value, writable: true, configurable: true })
  return () => {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(owner, name)
      else Object.defineProperty(owner, name, descriptor)
    }
  }
}

export const EPOCH_MS = 1_700_000_000_000

/** What `setTimeout` of `node:timers/promises` is while a clock is installed. */
export function promisedTimeout<T>(delayMs = 0, value?: T, { signal }: { readonly signal?: AbortSignal } = {}): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(new DOMException('The operation was aborted', { name: 'AbortError', cause: signal?.reason }))
    }
    if (signal?.aborted === true) return reject(new DOMException('The operation was aborted', { name: 'AbortError', cause: signal.reason }))
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve(value)
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    return undefined
  })
}
