import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'

/**
 * kafkajs 2.2.4 sets its timer for throttled requests also when nothing is throttled and nothing waits, with a negative
 * delay (kafkajs #1751). Node 24 and later warn about that and make it 1 ms, so every connection wakes up a thousand
 * times a second for ever: an idle producer and consumer took 2.9% of a core, with this 0.6% (test/bench/kafka-idle.ts).
 */
export function stopIdleTimer(): void {
  if (patched) return
  patched = true
  const queue = RequestQueue.prototype
  // oxlint-disable-next-line typescript/unbound-method -- called below with the queue that it belongs to
  const schedule = queue.scheduleCheckPendingRequests
  queue.scheduleCheckPendingRequests = function scheduleWhenNeeded() {
    if (this.pending.length > 0) schedule.call(this)
  }
}

let patched = false
