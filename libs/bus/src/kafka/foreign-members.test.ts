import { AssignerProtocol } from 'kafkajs'
import { describe, expect, test } from 'vitest'

import { foreignMembers, isSettled, type GroupDescription } from './foreign-members.ts'

const member = (...topics: readonly string[]): GroupDescription['members'][number] => ({
  clientId: 'c',
  clientHost: '/10.0.0.1',
  memberMetadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics: [...topics], userData: Buffer.alloc(0) }),
})
const unreadable = { ...member(), memberMetadata: Buffer.of(1) }

const describeGroup = (...members: GroupDescription['members']): GroupDescription => ({
  state: 'Stable',
  protocolType: 'consumer',
  protocol: 'RoundRobinAssigner',
  members,
})

describe('members beside which nothing starts', () => {
  test.each<{ name: string; group: GroupDescription; expected: RegExp | undefined }>([
    { name: 'none', group: describeGroup(), expected: undefined },
    { name: 'those of the same topic', group: describeGroup(member('t'), member('t')), expected: undefined },
    {
      name: 'one of another topic',
      group: describeGroup(member('t'), member('other')),
      expected: /^the group g has other members, .* topic t alone: c at \/10\.0\.0\.1 reads other; .*another --kafka\.consumer\.group-id$/,
    },
    { name: 'one that reads this one and another', group: describeGroup(member('t', 'other')), expected: /reads t, other;/ },
    { name: 'one of no topic', group: describeGroup(member()), expected: /reads what cannot be told/ },
    { name: 'one that cannot be read', group: describeGroup(unreadable), expected: /reads what cannot be told/ },
    {
      name: "the original's client, with its assignor",
      group: { ...describeGroup(member('t')), protocol: 'range' },
      expected: /deals out partitions by "range", this client by "RoundRobinAssigner"/,
    },
    { name: 'no consumers', group: { ...describeGroup(member('t')), protocolType: 'connect' }, expected: /has other members/ },
  ])('$name', ({ group, expected }) => {
    if (expected === undefined) expect(foreignMembers('g', 't', group)).toBeUndefined()
    else expect(foreignMembers('g', 't', group)).toMatch(expected)
  })

  test.each([
    { state: 'Stable', expected: true },
    { state: 'Empty', expected: true },
    { state: 'Dead', expected: true },
    { state: 'PreparingRebalance', expected: false },
    { state: 'CompletingRebalance', expected: false },
  ])('in state $state they are told: $expected', ({ state, expected }) => {
    expect(isSettled({ ...describeGroup(), state })).toBe(expected)
  })
})
