/** Since when the oldest message waits that a group has been handed and is not done with. */
export type Waiting = {
  /** `sinceMs` is when it was appended; undefined when the group has nothing in its hands. */
  readonly set: (group: string, topic: string, partition: number, sinceMs: number | undefined) => void
  readonly sinceMs: (group: string, topic: string, partition: number) => number | undefined
}

export function createWaiting(): Waiting {
  const since = new Map<string, number>()
  const keyOf = (group: string, topic: string, partition: number): string => JSON.stringify([group, topic, partition])
  return {
    set: (group, topic, partition, sinceMs) => {
      if (sinceMs === undefined) since.delete(keyOf(group, topic, partition))
      else since.set(keyOf(group, topic, partition), sinceMs)
    },
    sinceMs: (group, topic, partition) => since.get(keyOf(group, topic, partition)),
  }
}
