import type { TlsOptions } from './client-tls.ts'

export type RenewedOptions<C> = {
  /** A new object whenever the files have changed; undefined when there are none. @throws Error naming a file */
  readonly tls: (() => TlsOptions | undefined) | undefined
  readonly open: (tls: TlsOptions | undefined) => C
  readonly close: (client: C) => Promise<void> | void
}

export type Renewed<C> = {
  /** Runs a call with the client of now. @throws what the call throws, or Error naming a file that cannot be used */
  readonly use: <T>(call: (client: C) => Promise<T>) => Promise<T>
  /** The next call goes to a new client, as after a change of the files. */
  readonly renew: () => void
  readonly close: () => Promise<void>
}

type Opened<C> = { readonly client: C; readonly tls: TlsOptions | undefined; calls: number }

/**
 * A client whose connections keep the certificates that it was made with. When the files change, calls go to a new one from then on;
 * the old one is closed when the last of its calls is answered. The first call opens it.
 */
export function createRenewed<C>({ tls, open, close }: RenewedOptions<C>): Renewed<C> {
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
    const wanted = tls?.()
    if (current !== undefined && current.tls === wanted) return current
    const before = current
    current = { client: open(wanted), tls: wanted, calls: 0 }
    if (before !== undefined) retire(before)
    return current
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
    renew: () => {
      const before = current
      current = undefined
      if (before !== undefined) retire(before)
    },
    close: async () => {
      const last = current
      current = undefined
      if (last !== undefined) await close(last.client)
      await Promise.all(closing)
    },
  }
}
