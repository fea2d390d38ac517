import { createLabelSet } from '@clymene/stages'
import { describe, expect, test } from 'vitest'

import { createEntryLines } from './entry-line.ts'
import type { JournalEntry } from './journal-entry.ts'
import { journalJob } from './run-journal.test-kit.ts'

const ALL = { action: 'labelmap', regex: '__(journal_.+)' }
const base = createLabelSet([['cluster', 'c']])
const entryOf = (fields: Readonly<Record<string, readonly string[]>>): JournalEntry => ({
  cursor: 'c',
  realtimeUs: 0n,
  fields: new Map(Object.entries(fields)),
})
const lineOf = (job: Parameters<typeof journalJob>[0], fields: Readonly<Record<string, readonly string[]>>, of = base) => {
  const found = createEntryLines(journalJob({ labels: [], ...job }), of)(entryOf(fields))
  return typeof found === 'string' ? found : { labels: Object.fromEntries(found.labels.labels), line: found.line }
}

describe('labels', () => {
  test.each<[what: string, fields: Readonly<Record<string, readonly string[]>>, labels: Readonly<Record<string, string>>]>([
    [
      'names in small letters, underscores kept',
      { _SYSTEMD_UNIT: ['a'], SYSLOG_IDENTIFIER: ['b'] },
      { journal__systemd_unit: 'a', journal_syslog_identifier: 'b' },
    ],
    ['of several the last', { TAG: ['a', 'b'] }, { journal_tag: 'b' }],
    ...['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'].map(
      (keyword, index) =>
        [`priority ${index}`, { PRIORITY: [String(index)] }, { journal_priority: String(index), journal_priority_keyword: keyword }] as [
          string,
          Record<string, string[]>,
          Record<string, string>,
        ],
    ),
    ['a priority that is none', { PRIORITY: ['9'] }, { journal_priority: '9', journal_priority_keyword: '9' }],
  ])('%s', (_what, fields, labels) => {
    expect(lineOf({ rules: [ALL] }, { MESSAGE: ['m'], ...fields })).toEqual({
      labels: { cluster: 'c', journal_message: 'm', ...labels },
      line: 'm',
    })
  })

  test('without rules only those of the job', () => {
    expect(lineOf({ labels: [['job', 'j']] }, { MESSAGE: ['m'], A: ['b'] })).toEqual({ labels: { cluster: 'c', job: 'j' }, line: 'm' })
  })
  test('of the job go before fields, rules before both, and both before the external ones', () => {
    const rules = [{ source_labels: ['__journal_a'], target_label: 'job' }]
    expect(
      lineOf(
        {
          rules,
          labels: [
            ['__journal_a', 'own'],
            ['cluster', 'own'],
          ],
        },
        { MESSAGE: ['m'], A: ['b'] },
      ),
    ).toEqual({
      labels: { cluster: 'own', job: 'own' },
      line: 'm',
    })
  })
  test('the tenant is kept', () => {
    const rules = [{ source_labels: ['__journal_a'], target_label: '__tenant_id__' }]
    expect(lineOf({ rules }, { MESSAGE: ['m'], A: ['t'] })).toMatchObject({ labels: { __tenant_id__: 't' } })
    expect(lineOf({ rules }, { MESSAGE: ['m'], A: ['t'] }, createLabelSet([]))).toBe('no_labels')
  })
  test('equal ones are one set, in whatever order rules made them', () => {
    const lines = createEntryLines(journalJob({ rules: [ALL] }), base)
    const [one, other] = [lines(entryOf({ MESSAGE: ['m'], A: ['1'], B: ['2'] })), lines(entryOf({ B: ['2'], A: ['1'], MESSAGE: ['m'] }))]
    expect(typeof one !== 'string' && typeof other !== 'string' && one.labels === other.labels).toBe(true)
  })
})

describe('the line', () => {
  test.each<[what: string, job: Parameters<typeof journalJob>[0], fields: Readonly<Record<string, readonly string[]>>, line: string]>([
    ['is the message', {}, { MESSAGE: ['a\nb'] }, 'a\nb'],
    ['is all messages', {}, { MESSAGE: ['a', 'b'] }, 'a\nb'],
    ['is all fields', { json: true }, { MESSAGE: ['a'], TAG: ['b', 'c'], __proto: ['d'] }, '{"MESSAGE":"a","TAG":["b","c"],"__proto":"d"}'],
    ['is all fields, without a message too', { json: true }, { A: ['b'] }, '{"A":"b"}'],
  ])('%s', (_what, job, fields, line) => expect(lineOf(job, fields)).toMatchObject({ line }))

  test('there is none', () => expect(lineOf({}, { A: ['b'] })).toBe('no_message'))
})

test('entries of this program are no lines', () => {
  const lineBy = createEntryLines(journalJob({ json: true }), base, ({ fields }) => fields.get('_PID')?.[0] === '7')
  const found = ['7', '8'].map((pid) => lineBy(entryOf({ MESSAGE: ['m'], _PID: [pid] })))
  expect(found).toEqual(['own', expect.objectContaining({ line: '{"MESSAGE":"m","_PID":"8"}' })])
})
