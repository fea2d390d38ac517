/** One bulk request: newline-delimited JSON, and which record of which delivery each of its actions is. */
export type BulkBody = {
  readonly text: string
  readonly records: readonly BulkRecord[]
}

export type BulkRecord = { readonly delivery: number; readonly record: number }

export type BulkBodies = {
  /** Adds an action line and a document, both without their line ends; begins another body when this one is full. */
  readonly add: (action: string, document: string, record: BulkRecord) => void
  /** A body is full: it should be sent before more is added. */
  readonly full: () => boolean
  /** Takes the full bodies; with `rest` also the one that is not. */
  readonly take: (rest: boolean) => readonly BulkBody[]
}

/** Cuts documents into bodies of at most `maxBytes` and `maxActions`; a document over `maxBytes` gets a body of its own. */
export function createBulkBodies(maxBytes: number, maxActions: number): BulkBodies {
  let ready: BulkBody[] = []
  let parts: string[] = []
  let records: BulkRecord[] = []
  let bytes = 0
  const close = (): void => {
    if (records.length > 0) ready.push({ text: parts.join(''), records })
    parts = []
    records = []
    bytes = 0
  }
  return {
    add: (action, document, record) => {
      const size = Buffer.byteLength(action) + Buffer.byteLength(document) + 2
      if (records.length >= maxActions || (records.length > 0 && bytes + size > maxBytes)) close()
      parts.push(action, '\n', document, '\n')
      records.push(record)
      bytes += size
    },
    full: () => ready.length > 0,
    take: (rest) => {
      if (rest) close()
      const taken = ready
      ready = []
      return taken
    },
  }
}
