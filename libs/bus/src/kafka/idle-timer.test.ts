import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { expect, test, vi } from 'vitest'

import { stopIdleTimer } from './idle-timer.ts'

test('a queue in which nothing waits sets no timer', () => {
  stopIdleTimer()
  const setTimeout = vi.spyOn(globalThis, 'setTimeout')
  try {
    const schedule = (pending: readonly unknown[]): void =>
      // oxlint-disable-next-line typescript/unbound-method -- called with a queue of its own
      RequestQueue.prototype.scheduleCheckPendingRequests.call({
        pending,
        throttledUntil: -1,
        scheduleCheckPendingRequests: () => undefined,
      })
    schedule([])
    expect(setTimeout).not.toHaveBeenCalled()
    schedule(['request'])
    expect(setTimeout).toHaveBeenCalledOnce()
    expect(setTimeout.mock.calls[0]![1]).toBeGreaterThan(0)
  } finally {
    for (const { value } of setTimeout.mock.results) clearTimeout(value)
    setTimeout.mockRestore()
  }
})
