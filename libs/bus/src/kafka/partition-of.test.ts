import fc from 'fast-check'
import { Partitioners } from 'kafkajs'
import { describe, expect, test } from 'vitest'

import { murmur2, partitionOf } from './partition-of.ts'

describe('murmur2', () => {
  // The vectors of Kafka's own test (org.apache.kafka.common.utils.UtilsTest.testMurmur2).
  test.each([
    { key: '21', expected: -973932308 },
    { key: 'foobar', expected: -790332482 },
    { key: 'a-little-bit-long-string', expected: -985981536 },
    { key: 'a-little-bit-longer-string', expected: -1486304829 },
    { key: 'lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', expected: -58897971 },
    { key: 'abc', expected: 479470107 },
  ])('$key', ({ key, expected }) => {
    expect(murmur2(Buffer.from(key))).toBe(expected)
  })
})

describe('partitionOf', () => {
  test('is what kafkajs, which follows the Java producer, picks', () => {
    const partitioner = Partitioners.DefaultPartitioner()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 64 }), (bytes, partitions) => {
        const key = Buffer.from(bytes)
        const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
          partitionId,
          leader: 0,
          partitionErrorCode: 0,
          replicas: [],
          isr: [],
        }))
        expect(partitionOf(key, partitions)).toBe(partitioner({ topic: 't', partitionMetadata, message: { key, value: null } }))
      }),
    )
  })
})
