import { vi } from 'vitest'

/** Repeats a check until it holds, on machines of any speed. */
export const eventually = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 20_000, interval: 5 })
