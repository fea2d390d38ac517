import type { Logger } from '@clymene/model'

/** What was opened, closed again in the reverse order; one that cannot be closed does not keep the others open. */
export type Lifetimes = {
  readonly add: (name: string, close: () => Promise<unknown>) => void
  readonly closeAll: () => Promise<void>
}

export function createLifetimes(logger: Logger): Lifetimes {
  const open: { readonly name: string; readonly close: () => Promise<unknown> }[] = []
  return {
    add: (name, close) => void open.push({ name, close }),
    closeAll: async () => {
      for (const { name, close } of open.splice(0).toReversed()) {
        try {
          await close()
        } catch (error) {
          logger.error('could not be closed', { part: name, error })
        }
      }
    },
  }
}
