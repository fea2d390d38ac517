/** One consumer group per storage and topic: a storage that is down lags and catches up, the others go on. */
export const groupOf = (groupId: string, storage: string, topic: string): string => `${groupId}-${storage}-${topic}`

/** The storage of such a group; '' for one of another name. */
export const storageOfGroup =
  (groupId: string, topics: Iterable<string>) =>
  (group: string): string => {
    const names = Array.from(topics, (topic) => ({ start: `${groupId}-`, end: `-${topic}` }))
    const name = names.find(({ start, end }) => group.startsWith(start) && group.endsWith(end) && group.length > start.length + end.length)
    return name === undefined ? '' : group.slice(name.start.length, -name.end.length)
  }
