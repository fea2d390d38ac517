import type { EnvelopeHeaders } from '@clymene/model'
import type { ScannedMessage } from '@clymene/wire'
import { describe, expect, test } from 'vitest'

import { ForbiddenError } from './answer.ts'
import type { Grant } from './credentials/tokens.ts'
import { identityOf } from './identity.ts'

const message = (labels: Readonly<Record<string, string>> = {}, tenant?: string, otherValue?: string): ScannedMessage => ({
  kind: 'metrics',
  value: Buffer.alloc(0),
  records: 1,
  series: 1,
  minTimestampMs: 0,
  maxTimestampMs: 0,
  uncompressedBytes: 1,
  ...(tenant === undefined ? {} : { tenant }),
  ...(otherValue === undefined ? {} : { otherValue }),
  firstLabels: (names) => names.map((name) => labels[name] ?? ''),
})
const grant = (cluster?: string, tenant?: string): Grant => ({ name: 'shop', cluster, tenant })
const numbered = { agent: 'node-1', epoch: 1, sequence: 1, stream: 'metrics-0' }

describe('who a message is from', () => {
  const known: { name: string; grant?: Grant; received: EnvelopeHeaders; labels?: Record<string, string>; tenant?: string; key: string }[] =
    [
      { name: 'an agent says it all', received: { ...numbered, cluster: 'c9' }, key: '/c9/node-1/metrics-0' },
      { name: 'a stranger is known by labels', received: {}, labels: { cluster: 'c1', replica: 'a' }, key: '/c1//a' },
      {
        name: 'a stranger with a token by its name',
        grant: grant(),
        received: {},
        labels: { cluster: 'c1', replica: 'a' },
        key: '///shop',
      },
      { name: 'whatever the first series is of', grant: grant('c1'), received: {}, labels: { cluster: 'other' }, key: '/c1//shop' },
      { name: 'a token fills in cluster and tenant', grant: grant('c1', 't1'), received: numbered, key: 't1/c1/node-1/metrics-0' },
      {
        name: 'a sender may say the same',
        grant: grant('c1', 't1'),
        received: { ...numbered, cluster: 'c1', tenant: 't1' },
        key: 't1/c1/node-1/metrics-0',
      },
      { name: 'or the same inside', grant: grant(undefined, 't1'), received: numbered, tenant: 't1', key: 't1//node-1/metrics-0' },
      { name: 'or nothing', grant: grant('c1', 't1'), received: { ...numbered, tenant: '' }, tenant: '', key: 't1/c1/node-1/metrics-0' },
      {
        name: 'a token without a cluster leaves it to the sender',
        grant: grant(undefined, 't1'),
        received: { ...numbered, cluster: 'c7' },
        key: 't1/c7/node-1/metrics-0',
      },
    ]
  test.each(known)('$name', ({ grant: token, received, labels, tenant, key }) => {
    const identity = identityOf(message(labels, tenant), received, token)
    expect(identity.key).toBe(key)
    expect(identity.headers).toMatchObject(token?.cluster === undefined ? {} : { cluster: token.cluster })
  })
})

describe('what a token is not for', () => {
  const refused: { name: string; grant: Grant; received: EnvelopeHeaders; tenant?: string; label?: string; text: string }[] = [
    {
      name: 'another cluster',
      grant: grant('c1'),
      received: { ...numbered, cluster: 'c2' },
      text: 'the token "shop" is for cluster "c1", not for "c2"',
    },
    {
      name: 'another cluster of a stranger',
      grant: grant('c1'),
      received: { cluster: 'c2' },
      text: 'the token "shop" is for cluster "c1", not for "c2"',
    },
    {
      name: 'another tenant',
      grant: grant('c1', 't1'),
      received: { ...numbered, tenant: 't2' },
      text: 'the token "shop" is for tenant "t1", not for "t2"',
    },
    {
      name: 'another tenant inside, behind the right one',
      grant: grant('c1', 't1'),
      received: { tenant: 't1' },
      tenant: 't2',
      text: 'the token "shop" is for tenant "t1", not for "t2"',
    },
    {
      name: 'another cluster in the labels',
      grant: grant('c1'),
      received: numbered,
      label: 'c2',
      text: 'the token "shop" is for cluster "c1", not for "c2" (label of a series)',
    },
    {
      name: 'another cluster in the labels, behind the right header',
      grant: grant('c1'),
      received: { cluster: 'c1' },
      label: 'c2\n"',
      text: 'the token "shop" is for cluster "c1", not for "c2\\n\\"" (label of a series)',
    },
    {
      name: 'a name of any length is cut',
      grant: grant('c1'),
      received: { cluster: 'x'.repeat(5000) },
      text: `the token "shop" is for cluster "c1", not for "${'x'.repeat(128)}"`,
    },
    {
      name: 'two tenants at once',
      grant: grant('c1', 't1'),
      received: { tenant: 't1|t2' },
      text: 'the token "shop" is for tenant "t1", not for "t1|t2"',
    },
  ]
  test.each(refused)('$name', ({ grant: token, received, tenant, label, text }) => {
    expect(() => identityOf(message({}, tenant, label), received, token)).toThrow(new ForbiddenError(text))
  })
})
