import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { commandsOf, inlineCommandsOf, root } from './commands.ts'
import { HERE, NOT_RUN, TESTED } from './tried.ts'

const PAGES = globSync(['README.md', 'CONTRIBUTING.md', 'docs/*.md', 'docs/runbooks/*.md', 'k8s/**/*.md', 'grafana/*.md', 'compose/*.md'], {
  cwd: root,
}).toSorted()
const commands = PAGES.flatMap(commandsOf)
const here = new Set(HERE.map(([command]) => command))
const flags = new Set([...readFileSync(join(root, 'docs/flags.md'), 'utf8').matchAll(/^\| `--(\S+?)`/gm)].map(([, name]) => name))

test('there are pages with commands', () => {
  expect(PAGES).toEqual(expect.arrayContaining(['README.md', 'docs/guide.md', 'docs/migrate.md', 'docs/operate.md']))
  expect(commands.length).toBeGreaterThan(150)
})

describe('every command of a page is run by a test, or is not and has a reason', () => {
  test.each(PAGES.filter((page) => commandsOf(page).length > 0))('%s', (page) => {
    const listed = [...TESTED, ...NOT_RUN].filter((one) => one.page === undefined || one.page === page)
    const open = commandsOf(page).filter(({ command }) => !here.has(command) && !listed.some((one) => one.command.test(command)))
    expect(open.map(({ command }) => command)).toEqual([])
  })
})

test('the lists have nothing that no page says, and no test that is not there', () => {
  const said = ({ page, command }: { readonly page?: string; readonly command: RegExp }): boolean =>
    commands.some((one) => (page === undefined || page === one.page) && command.test(one.command))
  expect([...TESTED, ...NOT_RUN].filter((one) => !said(one))).toEqual([])
  expect([...here].filter((one) => !commands.some(({ command }) => command === one))).toEqual([])
  expect(TESTED.filter(({ by }) => !existsSync(join(root, by)))).toEqual([])
})

const OF_EVERY_COMMAND = ['help', 'status.http.host-port']
const all = [...commands, ...PAGES.flatMap(inlineCommandsOf)]

test('flags of ours in commands are flags', () => {
  const used = all.flatMap(({ page, command }) => {
    const [, words = ''] = /^(?:[A-Z_]+=\S* )*(?:cat \S+ \| )?(?:(?:npx --no )?clymene|npm start --) (.*)/.exec(command) ?? []
    return [...words.matchAll(/(?<=^|\s)--([A-Za-z][\w.-]*)/g)].map(([, name = '']) => ({ page, command, name }))
  })
  expect(used.length).toBeGreaterThan(100)
  expect(used.filter(({ name }) => !flags.has(name) && !OF_EVERY_COMMAND.includes(name))).toEqual([])
})

test('files of ours in commands are there', () => {
  const paths = all.flatMap(({ page, command }) =>
    [...command.matchAll(/(?<=\s)(?:k8s|grafana|services|compose|docs)\/[\w./-]+/g)].map(([path]) => ({ page, path })),
  )
  expect(paths.length).toBeGreaterThan(50)
  const made = ['k8s/third-cluster']
  expect(paths.filter(({ path }) => !made.some((one) => path.startsWith(one)) && !existsSync(join(root, path)))).toEqual([])
})

test('scripts of ours in commands are there', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our package.json
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  const run = all.flatMap(({ page, command }) => [...command.matchAll(/npm run ([\w-]+)/g)].map(([, script = '']) => ({ page, script })))
  expect(run.filter(({ script }) => !Object.hasOwn(scripts, script))).toEqual([])
})

/** Words differ in a translation, commands do not. */
test.each(globSync('docs/ko/*.md', { cwd: root }))('%s has the commands of the page that it is a translation of', (page) => {
  const original = page === 'docs/ko/README.md' ? 'README.md' : page.replace('/ko/', '/')
  const words = (of: string) => commandsOf(of).map(({ command }) => command)
  expect(words(page)).toEqual(words(original))
})
