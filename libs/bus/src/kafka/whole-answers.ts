import Connection from 'kafkajs/src/network/connection.js'

let isDone = false

/**
 * kafkajs joins what it gets with what it had left before, even when that is nothing: a copy of every answer. From here on the nothing is
 * forgotten first, so that an answer that comes whole (answer-reader.ts) is read where it is.
 */
export function leaveAnswersWhole(): void {
  if (isDone) return
  isDone = true
  const { prototype } = Connection
  // oxlint-disable-next-line typescript/unbound-method -- called below with the connection that it belongs to
  const processData = prototype.processData
  prototype.processData = function processWhole(bytes) {
    if (this.bytesBuffered === 0) this.chunks = []
    processData.call(this, bytes)
  }
}
