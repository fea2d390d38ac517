import type { Command } from '@clymene/runtime'
import { afterEach, describe, expect, test, vi } from 'vitest'

import { runCli, type Tool } from './cli.ts'

afterEach(() => {
  vi.restoreAllMocks()
  // What a command line sets for the process it is alone in.
  process.exitCode = undefined
})

/** Runs the words over two services; gives the status, what was written, and the calls of the services. */
async function cli(...words: readonly string[]) {
  const calls: string[] = []
  let stdout = ''
  let stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((stdout += String(text))))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((stderr += String(text))))
  const service = (name: string): Command => ({
    name,
    summary: `what ${name} does`,
    groups: [],
    statusAddress: '127.0.0.1:1',
    configure: (argv) => {
      calls.push(`${name} configure ${argv.join(' ')}`.trim())
      return Promise.resolve({ warnings: [], run: () => Promise.resolve(void calls.push(`${name} run`)) })
    },
  })
  const commands = new Map(['agent', 'gateway'].map((name) => [name, () => Promise.resolve(service(name))]))
  const mend = {
    name: 'mend',
    summary: 'what mend does',
    run: (argv: readonly string[]) => {
      calls.push(`mend ${argv.join(' ')}`.trim())
      return Promise.resolve(1 as const)
    },
  }
  const tools = new Map([['mend', () => Promise.resolve(mend)]])
  const status = await runCli(commands, words, { CLYMENE_VERSION: '1.2.3' }, tools)
  vi.restoreAllMocks()
  return { status, exitCode: process.exitCode ?? 0, stdout, stderr, calls }
}

describe('a service', () => {
  test.each<[words: readonly string[], calls: readonly string[]]>([
    [['gateway'], ['gateway configure', 'gateway run']],
    [
      ['gateway', '--a=b', '-c'],
      ['gateway configure --a=b -c', 'gateway run'],
    ],
    [['gateway', 'validate', '--a=b'], ['gateway configure --a=b']],
    [['validate', 'gateway', '--a=b'], ['gateway configure --a=b']],
  ])('%j is run with what follows its name', async (words, calls) => {
    expect(await cli(...words)).toMatchObject({ status: 0, exitCode: 0, calls, stderr: '' })
  })

  test.each([[['gateway', '--help']], [['gateway', 'help']], [['help', 'gateway']], [['gateway', '--a=b', '-h']]])(
    '%j tells about it and runs nothing',
    async (words) => {
      const { status, stdout, calls } = await cli(...words)
      expect({ status, calls }).toEqual({ status: 0, calls: [] })
      expect(stdout).toMatch(/^clymene gateway: what gateway does\n/)
    },
  )
})

test.each([[[]], [['--help']], [['-h']], [['help']], [['help', '--help']]])('%j lists the services and the tools', async (words) => {
  const { status, stdout, calls } = await cli(...words)
  expect({ status, calls }).toEqual({ status: 0, calls: [] })
  expect(stdout).toContain('\n  clymene <tool> [verb] [flags]\n')
  expect(stdout).toMatch(
    /\nServices:\n {2}agent {14}what agent does\n {2}gateway {12}what gateway does\n\nTools:\n {2}mend {15}what mend does\n$/,
  )
})

test.each<[words: readonly string[], calls: readonly string[]]>([
  [['mend'], ['mend']],
  [['mend', 'all', '--now'], ['mend all --now']],
  [['mend', '--help'], ['mend --help']],
  [['help', 'mend'], ['mend --help']],
])('%j is a tool, which has the words after its name and gives the status', async (words, calls) => {
  expect(await cli(...words)).toMatchObject({ status: 1, calls, stderr: '' })
})

test.each<[words: readonly string[]]>([
  [['--from-promtail=p.yml', '--output=environment']],
  [['--from-promtail', 'p.yml', '--output=environment']],
  [['from-promtail', 'p.yml', '--output=environment']],
])('%j is a tool, also written as a flag', async (words) => {
  const calls: (readonly string[])[] = []
  const tool: Tool = { name: 'from-promtail', summary: '', run: (argv) => Promise.resolve(calls.push(argv) === 1 ? 0 : 1) }
  expect(await runCli(new Map(), words, {}, new Map([['from-promtail', () => Promise.resolve(tool)]]))).toBe(0)
  expect(calls).toEqual([['p.yml', '--output=environment']])
})

test.each([[['version']], [['--version']], [['gateway', 'version']]])('%j', async (words) => {
  expect(await cli(...words)).toMatchObject({ status: 0, stdout: '{"version":"1.2.3","buildTime":""}\n' })
})

describe('status asks', () => {
  test.each<[words: readonly string[]]>([
    [['status', 'gateway', '--status.http.host-port=127.0.0.1:1']],
    [['gateway', 'status', '--status.http.host-port=127.0.0.1:1']],
    [['status', '--status.http.host-port=127.0.0.1:1']],
    [['status']],
  ])('%j: a service that is not there', async (words) => {
    const { status, exitCode, stderr, calls } = await cli(...words)
    expect({ status, exitCode, calls }).toEqual({ status: 1, exitCode: 1, calls: [] })
    expect(stderr).toMatch(/^http:\/\/127\.0\.0\.1:1\//)
  })
})

describe('refused with status 2', () => {
  test.each<[words: readonly string[], stderr: string]>([
    [['gatway'], 'gatway: unknown service, expected one of agent, gateway, mend\n'],
    [['--log-level=debug'], '--log-level=debug: unknown service, expected one of agent, gateway, mend\n'],
    [['--log-level=debug', 'gateway'], '--log-level=debug: unknown service, expected one of agent, gateway, mend\n'],
    [['__proto__'], '__proto__: unknown service, expected one of agent, gateway, mend\n'],
    [['validate'], 'validate: expected a service, one of agent, gateway\n'],
    [['validate', 'gatway'], 'gatway: unknown service, expected one of agent, gateway\n'],
    [['validate', '--a=b'], '--a=b: unknown service, expected one of agent, gateway\n'],
    [['help', 'gatway'], 'gatway: unknown service, expected one of agent, gateway\n'],
    [['status', 'gatway'], 'gatway: unknown service, expected one of agent, gateway\n'],
  ])('%j', async (words, stderr) => {
    expect(await cli(...words)).toMatchObject({ status: 2, exitCode: 2, stdout: '', stderr, calls: [] })
  })
})
