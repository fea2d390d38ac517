import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { parseFlags, type Command } from '@clymene/runtime'
import { eventFlags } from '@clymene/sources'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { agentCommand, promtailCommand } from './command.ts'
import { checkEvents } from './event-collection.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-event-flags-'))
  writeFileSync(join(folder, 'namespace'), 'own\n')
})
afterAll(() => rmSync(folder, { recursive: true }))

const EVENTS = ['--events.kubernetes', '--events.lease-namespace=n', '--cluster=c']

describe('what is collected', () => {
  const configured = (command: Command, argv: readonly string[], env: NodeJS.ProcessEnv = {}) => command.configure([...argv], env)

  test.each<[what: string, command: Command, argv: readonly string[], summary: readonly string[], warnings: readonly string[]]>([
    ['events by themselves', agentCommand, EVENTS, ['events of the cluster'], []],
    ['events by the log agent, not its built-in job', promtailCommand, EVENTS, ['events of the cluster'], []],
    ['terminations', agentCommand, ['--events.terminations', '--events.lease-name=', '--cluster=c'], ['events of the cluster'], []],
    ['a dry run', agentCommand, [...EVENTS, '--dry-run'], ['events of the cluster'], ['--dry-run shows no events of the cluster']],
    ['no cluster', agentCommand, EVENTS.slice(0, 2), ['events of the cluster'], ['events have no cluster: set --cluster']],
    [
      'a cluster by a label',
      agentCommand,
      [...EVENTS.slice(0, 2), '--clymene-promtail.external-labels=cluster=x'],
      ['events of the cluster'],
      [],
    ],
  ])('%s', async (_what, command, argv, summary, warnings) => {
    const found = await configured(command, argv)
    expect([await found.summary?.(), found.warnings]).toEqual([summary, warnings])
  })

  test('a cluster that the rules of every job name is that of events, too', async () => {
    const path = join(folder, 'scrape.yml')
    writeFileSync(path, 'scrape_configs: [{job_name: a, relabel_configs: [{target_label: cluster, replacement: c}]}]')
    const found = await configured(agentCommand, [...EVENTS.slice(0, 2), `--config.file=${path}`])
    expect(found.warnings).toEqual([])
  })

  test('no storage takes logs', async () => {
    await expect(configured(agentCommand, EVENTS, { STORAGE_TYPE: 'prometheus' })).rejects.toThrow(
      '--events.kubernetes and --events.terminations have no effect: no storage of STORAGE_TYPE=prometheus takes logs',
    )
  })

  test('mistakes are told with those of everything else', async () => {
    const running = configured(agentCommand, [...EVENTS, '--events.lease-duration=1s', '--buffer.max-age=10ms'])
    await expect(running).rejects.toThrow(/--buffer\.max-age=10ms.*\n.*--events\.lease-renew-deadline/)
  })
})

describe('mistakes', () => {
  const mistakesOf = (argv: readonly string[], serviceAccount = '/none'): readonly string[] => {
    try {
      checkEvents(parseFlags(eventFlags, [...argv], {}).values, { env: {}, serviceAccount })
      return []
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      return error.mistakes
    }
  }
  const ON = '--events.kubernetes'

  test('nothing is looked at when nothing is asked for', () => {
    expect(mistakesOf(['--events.lease-duration=1s', '--events.kubeconfig=/none'])).toEqual([])
  })
  test('the own namespace has the Lease', () => expect(mistakesOf([ON], folder)).toEqual([]))

  test.each<[what: string, argv: readonly string[], expected: readonly unknown[]]>([
    ['no namespace of the Lease', [], [expect.stringMatching(/^--events\.lease-namespace: expected a namespace/)]],
    ['no Lease needs none', ['--events.lease-name='], []],
    [
      'a kubeconfig that is not there',
      ['--events.lease-name=', '--events.kubeconfig=/none'],
      ['--events.kubeconfig="/none": cannot read /none: no such file'],
    ],
    [
      'times that do not fit',
      [
        '--events.lease-namespace=n',
        '--events.lease-duration=2s',
        '--events.lease-renew-deadline=2s',
        '--events.lease-retry-period=1500ms',
      ],
      [
        expect.stringMatching(/^--events\.lease-renew-deadline: expected less than --events\.lease-duration/),
        expect.stringMatching(/^--events\.lease-retry-period: expected at most half/),
      ],
    ],
    [
      'names that no namespace has',
      ['--events.lease-name=', '--events.namespaces=shop,Shop', '--events.exclude-namespaces=a=b'],
      [
        '--events.namespaces: expected names of namespaces, found "Shop"',
        '--events.exclude-namespaces: expected names of namespaces, found "a=b"',
      ],
    ],
  ])('%s', (_what, argv, expected) => expect(mistakesOf([ON, ...argv])).toEqual(expected))
})
