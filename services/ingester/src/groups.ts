/** One consumer group per storage and topic: a storage that is down lags and catches up, the others go on. */
export const groupOf = (groupId: string, storage: string, topic: string): string => `${groupId}-${storage}-${topic}`

/** The storage of such a group; '' for one of another name. The topics are read once: they may come from an iterator. */
export function storageOfGroup(groupId: string, topics: Iterable<string>): (group: string) => string {
  const names = Array.from(topics, (topic) => ({ start: `${groupId}-`, end: `-${topic}` }))
  return (group) => {
    const name = names.find(({ start, end }) => group.startsWith(start) && group.endsWith(end) && group.length > start.length + end.length)
    return name === undefined ? '' : group.slice(name.start.length, -name.end.length)
  }
}
