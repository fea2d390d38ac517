import { expect, test } from 'vitest'

import { createOwnEntries, type OwnEntriesOptions } from './own-entries.ts'

const STARTED_MS = 1_704_067_200_000
const SYSTEMD: OwnEntriesOptions = {
  env: { JOURNAL_STREAM: '8:77', INVOCATION_ID: 'now' },
  pid: 12,
  startedMs: STARTED_MS,
  outputs: ['1:2', '8:77'],
}
const OURS = { _PID: '12', _SYSTEMD_INVOCATION_ID: 'now' }

const isOwn = (options: Partial<OwnEntriesOptions>, fields: Readonly<Record<string, string>>, afterMs = 1): boolean =>
  createOwnEntries({ ...SYSTEMD, ...options })({
    cursor: 'c',
    realtimeUs: BigInt(STARTED_MS + afterMs) * 1000n,
    fields: new Map(Object.entries(fields).map(([name, value]) => [name, [value]])),
  })

test.each<[string, Parameters<typeof isOwn>]>([
  ['of this process', [{}, OURS]],
  ['of this process, by a clock that was set back', [{}, OURS, -1]],
  ['without an invocation, since the start', [{}, { _PID: '12' }]],
  ['not told of our invocation, since the start', [{ env: { JOURNAL_STREAM: '8:77' } }, OURS]],
])('own: %s', (_what, call) => expect(isOwn(...call)).toBe(true))

test.each<[string, Parameters<typeof isOwn>]>([
  ['another process of the unit', [{}, { ...OURS, _PID: '13' }]],
  ['nobody knows whose', [{}, {}]],
  ['an earlier process of this number', [{}, { ...OURS, _SYSTEMD_INVOCATION_ID: 'before' }]],
  ['an earlier one, without an invocation', [{}, { _PID: '12' }, -1]],
  ['our output goes elsewhere', [{ outputs: ['1:2'] }, OURS]],
  ['we are not of systemd, and have a number of our own', [{ env: {} }, OURS]],
])('not own: %s', (_what, call) => expect(isOwn(...call)).toBe(false))
