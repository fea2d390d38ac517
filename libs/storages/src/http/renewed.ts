import { errorMessage, RetryableError } from '@clymene/model'
import type { TlsOptions } from '@clymene/runtime'

export type RenewedOptions<C> = {
  /** Whom the client talks to, for the error text. */
  readonly peer: string
  /** A new object whenever the files have changed; undefined when there are none. @throws Error naming a file */
  readonly tls: (() => TlsOptions) | undefined
  readonly open: (tls: TlsOptions | undefined) => C
  readonly close: (client: C) => Promise<void> | void
}

export type Renewed<C> = {
  /** Runs a call with the client of now. @throws RetryableError when the files cannot be used */
  readonly use: <T>(call: (client: C) => Promise<T>) => Promise<T>
  readonly close: () => Promise<void>
}

type Opened<C> = { readonly client: C; readonly tls: TlsOptions | undefined; calls: number }

/**
 * A client whose connections keep the certificates that it was made with. When the files change, calls go to a new one from then on;
 * the old one is closed when the last of its calls is answered. The first call opens it.
 */
export function createRenewed<C>({ peer, tls, open, close }: RenewedOptions<C>): Renewed<C> {
  let current: Opened<C> | undefined
  const closing = new Set<Promise<void>>()
  const retire = (opened: Opened<C>): void => {
    if (opened === current || opened.calls > 0) return
    // Nobody waits for its connections: what goes wrong in closing them is no failure of a write.
    const closed = Promise.resolve(close(opened.client)).catch(() => undefined)
    closing.add(closed)
    void closed.then(() => closing.delete(closed))
  }
  const now = (): Opened<C> => {
    try {
      const wanted = tls?.()
      if (current !== undefined && current.tls === wanted) return current
      const before = current
      current = { client: open(wanted), tls: wanted, calls: 0 }
      if (before !== undefined) retire(before)
      return current
    } catch (error) {
      throw new RetryableError(`${peer}: ${errorMessage(error)}`, { cause: error, needsOperator: true })
    }
  }
  return {
    use: async (call) => {
      const opened = now()
      opened.calls++
      try {
        return await call(opened.client)
      } finally {
        opened.calls--
        retire(opened)
      }
    },
    close: async () => {
      const last = current
      current = undefined
      if (last !== undefined) await close(last.client)
      await Promise.all(closing)
    },
  }
}
