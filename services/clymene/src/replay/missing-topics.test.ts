import { expect, test } from 'vitest'

import { createMissingTopics } from './missing-topics.ts'

test.each<[what: string, topics: readonly string[], missing: readonly string[], told: readonly string[]]>([
  ['all are there', ['clymene', 'clymene-logs'], [], []],
  ['one of the usual two, as nothing of its kind was refused', ['clymene', 'clymene-logs'], ['clymene-logs'], []],
  ['both', ['clymene', 'clymene-logs'], ['clymene', 'clymene-logs'], ['clymene', 'clymene-logs']],
  ['the only one', ['clymene'], ['clymene'], ['clymene']],
  ['one that was named', ['nope', 'clymene-logs'], ['nope'], ['nope']],
  ['none is read', [], [], []],
])('%s', (_what, topics, missing, told) => {
  const lines: string[] = []
  const topicsNotThere = createMissingTopics(topics)
  for (const topic of missing) topicsNotThere.add(`${topic}-dead-letter`)
  topicsNotThere.tell({ tell: (line) => void lines.push(line) })
  expect(lines).toEqual(
    told.map(
      (topic) => `topic ${topic}-dead-letter does not exist: nothing was refused, or the letters are elsewhere (--kafka.consumer.topic)`,
    ),
  )
})
