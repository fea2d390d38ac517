import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { promtailCommand } from './command.ts'
import { promtailFlagHere } from './promtail-flags.ts'

async function mistakesOf(argv: readonly string[]): Promise<readonly string[]> {
  const error: unknown = await promtailCommand.configure(argv, {}).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ConfigError)
  return error instanceof ConfigError ? error.mistakes : []
}

describe('a flag of Promtail is told with what does the same', () => {
  test.each<[argv: readonly string[], mistakes: readonly string[]]>([
    [['-client.url=http://u:p@loki/push'], ['--client.url: unknown flag: here --storage-type=loki --loki.client.url']],
    [['--client.url', 'http://loki/push'], ['--client.url: unknown flag: here --storage-type=loki --loki.client.url']],
    [['-positions.file=/p.yaml'], ['--positions.file: unknown flag: here positions.filename of the configuration']],
    [['-server.grpc-listen-port=0'], ['--server.grpc-listen-port: unknown flag: here the flags --admin.http.…']],
    [['-client.external-labels=a=b'], ['--client.external-labels: unknown flag: here --clymene-promtail.external-labels']],
    [['-log.level=debug'], ['--log.level: unknown flag: here --log-level']],
    [
      ['-check-syntax', '-version'],
      ['--check-syntax: unknown flag: here the word validate before the flags', '--version: unknown flag: here the word version'],
    ],
    [
      ['-stdin', '-config.file=x'],
      ['-stdin: expected two dashes, --stdin', '-config.file: expected two dashes, --config.file'],
    ],
    [['--client'], ['--client: unknown flag']],
  ])('%j', async (argv, mistakes) => {
    expect((await mistakesOf(argv)).slice(0, mistakes.length)).toEqual(mistakes)
    expect((await mistakesOf(argv)).filter((mistake) => mistake.includes('unexpected word'))).toEqual([])
  })
})

test('a verb behind the flags is told where it belongs', async () => {
  expect(await mistakesOf(['--cluster=c', 'validate'])).toContain('validate: unexpected here, expected it before the flags')
})

test('docs/logs.md lists them', () => {
  const docs = readFileSync(join(import.meta.dirname, '../../../docs/logs.md'), 'utf8')
  const [, table = ''] = /### Flags of Promtail\n([^]*?)\n## /.exec(docs) ?? []
  const listed = [...table.matchAll(/`-(?<name>[a-z][\w.-]*)/g)].map(({ groups }) => groups?.['name'] ?? '')
  expect(listed.filter((name) => name !== 'stdin').map((name) => [name, promtailFlagHere(name)])).not.toContainEqual([
    expect.anything(),
    undefined,
  ])
  expect(listed).toEqual(
    expect.arrayContaining(['client.url', 'client.tenant-id', 'positions.file', 'server.http-listen-port', 'check-syntax', 'version']),
  )
})
