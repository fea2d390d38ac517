import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { PLATFORMS, readOptions } from '../../tools/images/options.ts'

const root = join(import.meta.dirname, '../..')

type Step = { readonly uses?: string; readonly run?: string; readonly with?: Readonly<Record<string, unknown>> }
type Job = {
  readonly permissions?: Readonly<Record<string, string>>
  readonly 'timeout-minutes'?: number
  readonly steps: readonly Step[]
  readonly env?: Readonly<Record<string, string>>
}
type Workflow = {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, Job>>
}

const workflow = (name: string): Workflow => parse(readFileSync(join(root, '.github/workflows', name), 'utf8'))
const stepsOf = ({ jobs }: Workflow): readonly Step[] => Object.values(jobs).flatMap(({ steps }) => steps)

describe.each(globSync('*.yml', { cwd: join(root, '.github/workflows') }))('%s', (name) => {
  const { permissions, jobs } = workflow(name)

  test('may read the sources and no more; a job that may more says so', () => {
    expect(permissions).toEqual({ contents: 'read' })
    for (const { permissions: own = {} } of Object.values(jobs))
      expect(Object.entries(own).filter(([, access]) => access === 'write')).toEqual(name === 'release.yml' ? [['packages', 'write']] : [])
  })

  test('ends in time, keeps no credentials, and uses actions of exact versions', () => {
    for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0)
    for (const { uses, with: inputs } of stepsOf(workflow(name))) {
      if (uses === undefined) continue
      expect(uses).toMatch(/^[\w-]+\/[\w-]+@(?:v\d+\.\d+\.\d+|[\da-f]{40})$/)
      if (uses.startsWith('actions/checkout@')) expect(inputs).toMatchObject({ 'persist-credentials': false })
    }
  })

  // https://securitylab.github.com/resources/github-actions-untrusted-input/
  test('puts nothing of an event into a script', () => {
    for (const { run = '' } of stepsOf(workflow(name))) expect(run).not.toContain('${{')
  })
})

test('ci runs what a machine that builds the project runs', () => {
  const { jobs } = workflow('ci.yml')
  expect(stepsOf(workflow('ci.yml')).at(-1)).toEqual({ run: '.ci/run' })
  expect(Object.values(jobs)[0]?.env).toEqual({ CI: 'true' })
  expect(existsSync(join(root, '.ci/run'))).toBe(true)
})

test('a release is a tag that is pushed, and builds both platforms by the script that everybody has', () => {
  const release = workflow('release.yml')
  expect(release.on).toEqual({ push: { tags: ['v*.*.*'] } })
  const [, words = ''] = /^npm run images -- (.*)$/m.exec(stepsOf(release).at(-1)?.run ?? '') ?? []
  const inShell = new Map([
    ['"ghcr.io/${GITHUB_REPOSITORY_OWNER,,}"', 'ghcr.io/clymene-project'],
    ['"${GITHUB_REF_NAME#v}"', '1.2.3'],
  ])
  const args = words.split(' ').map((word) => [...inShell].reduce((text, [from, to]) => text.replace(from, to), word))
  expect(readOptions(args, '0.1.0')).toMatchObject({
    registry: 'ghcr.io/clymene-project',
    tag: '1.2.3',
    platforms: PLATFORMS,
    engine: 'docker',
    push: true,
    only: expect.objectContaining({ length: 5 }),
  })
})
