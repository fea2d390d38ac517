import { describe, expect, test } from 'vitest'

import { allInOneCommand } from './command.ts'

describe('what is refused before anything starts', () => {
  test.each<readonly [name: string, argv: readonly string[], mistakes: readonly string[]]>([
    [
      'Kafka as bus and as storage: what is written would be read again',
      ['--bus=kafka', '--storage-type=embedded,kafka'],
      ['STORAGE_TYPE names "kafka": expected another storage with --bus=kafka, which would read again what it writes'],
    ],
    ['a store that is too small', ['--embedded.max-bytes=1MiB'], ['--embedded.max-bytes: expected at least 16MiB, found 1048576 bytes']],
  ])('%s', async (_name, argv, mistakes) => {
    await expect(allInOneCommand.configure(argv, {})).rejects.toMatchObject({ name: 'ConfigError', mistakes })
  })

  test('Kafka as bus alone, or as storage alone, is fine', async () => {
    for (const argv of [['--bus=kafka'], ['--storage-type=kafka']]) expect((await allInOneCommand.configure(argv, {})).warnings).toEqual([])
  })
})
