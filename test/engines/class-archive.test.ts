import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { classArchiveAt } from './class-archive.ts'
import { installEngine } from './install-engine.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-archive-'))
  vi.stubEnv('XDG_CACHE_HOME', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

type Run = 'leaves an archive' | 'leaves none' | 'fails'

/** An archive by runs that end so, one after the other. */
function archiveBy(...runs: readonly Run[]) {
  const left = [...runs]
  const path = join(folder, 'classes.jsa')
  const archive = classArchiveAt(path, async (option) => {
    const run = left.shift()
    const [name, scratch = ''] = option.split('=')
    expect(name).toBe('-XX:ArchiveClassesAtExit')
    if (run === 'leaves an archive') writeFileSync(scratch, 'classes')
    if (run === 'fails') {
      writeFileSync(scratch, 'half')
      throw new Error('the server did not start')
    }
  })
  return { archive, path, left }
}

const engine = (isThere: boolean) => {
  const state = { isThere, installations: 0 }
  return {
    state,
    isInstalled: () => state.isThere,
    install: async () => {
      state.installations += 1
      state.isThere = true
    },
  }
}

const SLOWER = 'it starts more slowly, without a class archive: '
const NONE_LEFT = `${SLOWER}the JVM left no archive of its classes`

// flock(1) is Linux's; engines are installed nowhere else.
describe.skipIf(process.platform !== 'linux')('installations one after the other', () => {
  test.each<[what: string, runs: readonly Run[], told: readonly RegExp[], isArchived: boolean]>([
    ['the first run leaves an archive', ['leaves an archive'], [/^installed in \S+ s$/, /^is there$/], true],
    [
      'the second one does',
      ['leaves none', 'leaves an archive'],
      [new RegExp(`^installed in \\S+ s; ${NONE_LEFT}$`), /^is there; its class archive was made in \S+ s$/, /^is there$/],
      true,
    ],
    [
      'none does, which ends the tries',
      ['leaves none', 'fails', 'leaves none'],
      [
        new RegExp(`${NONE_LEFT}$`),
        new RegExp(`^is there; ${SLOWER}the server did not start$`),
        new RegExp(`^is there; ${NONE_LEFT}$`),
        /^is there$/,
      ],
      false,
    ],
  ])('%s', async (_, runs, expected, isArchived) => {
    const { archive, path, left } = archiveBy(...runs)
    const { state, ...installation } = engine(false)
    const told: string[] = []
    for (const one of expected) {
      const outcome = await installEngine('it', { ...installation, help: archive })
      expect(outcome).toEqual({ told: expect.stringMatching(one) })
      told.push(outcome.told)
    }
    expect(told).toHaveLength(expected.length)
    expect({ left, installations: state.installations, isArchived: existsSync(path) }).toEqual({ left: [], installations: 1, isArchived })
  })

  test('what was installed before, without an archive, gets one', async () => {
    const { archive } = archiveBy('leaves an archive')
    const { state, ...installation } = engine(true)
    expect((await installEngine('it', { ...installation, help: archive })).told).toMatch(/^is there; its class archive was made in/)
    expect(state.installations).toBe(0)
    expect(readdirSync(folder).filter((name) => name.startsWith('classes'))).toEqual(['classes.jsa'])
  })

  test('what another process made meanwhile is not made again', async () => {
    const { archive, path, left } = archiveBy('leaves none')
    const { state: _, ...installation } = engine(true)
    let asked = 0
    const isMissing = (): boolean => {
      asked += 1
      if (asked === 2) writeFileSync(path, 'of another')
      return archive.isMissing()
    }
    await installEngine('it', { ...installation, help: { ...archive, isMissing } })
    expect({ left, text: readFileSync(path, 'utf8') }).toEqual({ left: ['leaves none'], text: 'of another' })
  })

  test('an engine that cannot be installed has no archive made', async () => {
    const { archive, left } = archiveBy('leaves none')
    const install = (): Promise<void> => Promise.reject(new Error('no network'))
    expect(await installEngine('it', { isInstalled: () => false, install, help: archive })).toEqual({
      told: 'cannot be installed: no network',
      reason: 'no network',
    })
    expect(left).toHaveLength(1)
  })
})

test('a half archive of a run that failed is none', async () => {
  const { archive, path } = archiveBy('fails', 'leaves none')
  await expect(archive.make()).rejects.toThrow('the server did not start')
  await expect(archive.make()).rejects.toThrow('the JVM left no archive')
  expect(existsSync(path)).toBe(false)
})
