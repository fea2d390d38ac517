import { parseFlags } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { bodyLimits } from './body-limits.ts'
import { bodyFlags } from './flags.ts'

test.each([
  ['none is given: those of the kind', [], {}],
  ['one is given', ['--ingester.body-max-records=7'], { maxBodyRecords: 7 }],
  [
    'all are given',
    [
      '--ingester.body-max-bytes=1KiB',
      '--ingester.body-max-uncompressed-bytes=2KiB',
      '--ingester.body-max-records=3',
      '--ingester.message-max-uncompressed-bytes=4KiB',
    ],
    { maxBodyBytes: 1024, maxBodyUncompressedBytes: 2048, maxBodyRecords: 3, maxDecompressedBytes: 4096 },
  ],
])('limits of a body: %s', (_, argv, expected) => expect(bodyLimits(parseFlags(bodyFlags, argv, {}).values)).toEqual(expected))
