import { describe, expect, test } from 'vitest'

import { gatewayVerdict, lineVerdict, sampleVerdict, type Verdict } from './verdicts.ts'

describe('sampleVerdict', () => {
  // The texts without "mimir" are those of a real Prometheus 2.42.
  const cases: [number, string, Verdict][] = [
    [400, 'out of order sample', 'repeat'],
    [400, 'out of bounds', undefined],
    [400, 'too old sample', undefined],
    [500, 'too old sample', 'refused'],
    [500, 'a proxy says: too old sample', undefined],
    [400, 'duplicate sample for timestamp', 'repeat'],
    [400, 'failed pushing to ingester: the sample has been rejected because another sample (err-mimir-sample-out-of-order)', 'repeat'],
    [400, 'user=x: the sample has been rejected (err-mimir-sample-timestamp-too-old)', undefined],
    [400, 'user=x: err: duplicate sample for timestamp. (err-mimir-sample-duplicate-timestamp)', 'repeat'],
    [500, 'label name "x" is not unique: invalid sample', 'refused'],
    [500, 'empty labelset: invalid sample', 'refused'],
    [500, 'native histograms are disabled', 'refused'],
    [500, 'positive side: histogram has a bucket whose observation count is negative', 'refused'],
    [500, 'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5 vs. 4)', 'refused'],
    [400, 'snappy: corrupt input', undefined],
    [500, 'no space left on device', undefined],
    [503, 'out of order', undefined],
    [500, '', undefined],
  ]
  test.each(cases)('%d %s', (status, message, expected) => expect(sampleVerdict(status, message)).toBe(expected))
})

describe('lineVerdict', () => {
  const nowMs = Date.parse('2026-01-02T00:00:00Z')
  const cases: [number, string, Verdict][] = [
    [400, "entry with timestamp 2026-01-01 ignored, reason: 'entry too far behind, entry timestamp is: …'", 'repeat'],
    [400, 'entry with timestamp 2026-01-01 ignored, reason: \'entry out of order\' for stream: {app="a"}', 'repeat'],
    [400, 'entry for stream \'{app="a"}\' has timestamp too old: 2020', undefined],
    [400, 'entry for stream \'{app="a"}\' has timestamp too new: 2030', undefined],
    [500, 'rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5 vs. 4)', 'refused'],
    [500, 'rpc error: code = Unknown desc = failed to create stream: no schema config found for time 1577836800', 'refused'],
    [500, 'failed to create stream: no schema config found for time -9000000000', 'refused'],
    [500, 'no schema config found for time 1767225599.999', 'refused'],
    [500, 'no schema config found for time 1767225600', undefined],
    [500, 'no schema config found for time 1767312000.123', undefined],
    [500, 'no schema config found for time 1798848000', undefined],
    [500, 'no schema config found for time', undefined],
    [500, 'normalization for label name "_" resulted in invalid name "_"', 'refused'],
    [500, 'label name is empty', 'refused'],
    [
      500,
      'failed to write stream to kafka: failed to marshal write request to records: single entry size (9) exceeds maximum allowed size (8)',
      'refused',
    ],
    [500, 'rpc error: code = ResourceExhausted desc = grpc: received message after decompression larger than max 4', 'refused'],
    [500, 'rpc error: code = ResourceExhausted desc = trying to send message larger than max (5 vs. 4)', 'refused'],
    [500, 'a proxy says: label name is empty', undefined],
    [503, 'label name is empty', undefined],
    [500, 'failed to write stream to kafka: failed to find active partition for stream: no active partitions', undefined],
    [500, 'rpc error: code = Unavailable desc = Ingester is shutting down', undefined],
    [500, 'at least 1 live replicas required, could only find 0 - unhealthy instances: 127.0.0.1:9095', undefined],
    [500, 'empty ring', undefined],
  ]
  test.each(cases)('%d %s', (status, message, expected) => expect(lineVerdict(status, message, nowMs)).toBe(expected))
})

describe('gatewayVerdict', () => {
  const cases: [number, string, Verdict][] = [
    [400, 'prometheus refused up{a="b"}: out of order sample', 'repeat'],
    [400, 'prometheus refused up{a="b"}: out of bounds', undefined],
    [400, 'loki refused {app="a"}: entry too far behind', 'repeat'],
    [400, 'damaged', undefined],
    [503, 'out of order sample', undefined],
    [503, 'this server takes only clients with a certificate of its authorities: none was shown', 'operator'],
    [503, 'this server takes only clients with a certificate of its authorities: that of CN=a has expired', 'operator'],
    [400, 'this server takes only clients with a certificate of its authorities: none was shown', undefined],
    [503, 'storage prometheus: this server takes only clients with a certificate of its authorities: none was shown', undefined],
    [503, 'too many bytes in flight (--gateway.max-bytes-in-flight)', undefined],
  ]
  test.each(cases)('%d %s', (status, message, expected) => expect(gatewayVerdict(status, message)).toBe(expected))
})
