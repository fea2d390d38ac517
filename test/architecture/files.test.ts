import { basename } from 'node:path'

import { expect, test } from 'vitest'

import { REPLACES_MODULES } from '../runner/replaces-modules.ts'
import { isTest, packages, sourcesOf, textOf } from './workspace.ts'

const files = [...packages.map(({ directory }) => directory), 'tools'].flatMap(sourcesOf)

const LONGEST = 250
const SAYS_NOTHING = ['util', 'utils', 'helper', 'helpers', 'common', 'misc', 'manager', 'processor', 'lib', 'shared']

const isGenerated = (file: string): boolean => /\.gen\.|(^|\/)generated\//.test(file)
const linesOf = (file: string): number => textOf(file).trimEnd().split('\n').length

test('there are files to look at', () => {
  expect(files.length).toBeGreaterThan(100)
})

test(`no file is longer than ${LONGEST} lines, tests and generated ones aside`, () => {
  const long = files.filter((file) => !isTest(file) && !isGenerated(file) && linesOf(file) > LONGEST)
  expect(long.map((file) => `${file}: ${linesOf(file)}`)).toEqual([])
})

test('a name says what is in a file', () => {
  const vague = files.filter((file) =>
    file
      .split('/')
      .slice(1)
      .flatMap((part) => part.split(/[.-]/))
      .some((word) => SAYS_NOTHING.includes(word)),
  )
  expect(vague).toEqual([])
})

test('names are in lower case, words joined by dashes', () => {
  expect(files.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*\.(ts|tsx|mjs)$/.test(basename(file)))).toEqual([])
})

test('every test stands beside what it tests or in the test package, and is run', () => {
  const included =
    /^(libs|services)\/[^/]+\/(src|page)\/|^grafana\/src\/|^tools\/|^test\/(architecture|chaos|contract|dashboards|docs|engines|fuzz|helm|images|manifests|rules|runner|simulation|torture|e2e)\//
  expect(files.filter((file) => isTest(file) && !included.test(file))).toEqual([])
})

// Written in pieces, so that this file does not find itself.
const UNFINISHED = new RegExp(
  String.raw`\b(?:it|test|describe)\.(?:only|skip|todo|fails)\b|\bx(?:it|describe)\(|\b(?:${'TO'}DO|${'FIX'}ME)\b`,
)

test('nothing is left for later: no test is left out or singled out, no note of what is missing', () => {
  const unfinished = files.filter((file) => UNFINISHED.test(textOf(file)))
  expect(unfinished).toEqual([])
})

test.each([['test.', 'only'].join(''), ['describe.', 'skip'].join(''), ['it.', 'todo'].join(''), ['TO', 'DO later'].join('')])(
  '"%s" is found',
  (text) => {
    expect(text).toMatch(UNFINISHED)
  },
)

test('what replaces modules runs apart, and nothing else', () => {
  const replacing = files.filter((file) => isTest(file) && /^vi\.(mock|doMock)\(/m.test(textOf(file)))
  expect(replacing.toSorted()).toEqual(REPLACES_MODULES)
})
