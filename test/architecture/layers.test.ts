import { dirname, join, relative } from 'node:path'

import { describe, expect, test } from 'vitest'

import { importsOf, packageOf } from './imports.ts'
import { isForTests, isTest, packages, sourcesOf, textOf } from './workspace.ts'

// A package may import only packages of a lower rank: those of one rank do not know each other, services join them.
const RANKS = [
  ['model', 'regex', 'dashboards'],
  ['wire', 'relabel', 'stages', 'runtime', 'ledger'],
  ['bus', 'discovery'],
  ['sources', 'storages'],
  ['service'],
  ['all-in-one'],
  ['cli'],
  ['test'],
]
const rankOf = (layer: string): number => RANKS.findIndex((layers) => layers.includes(layer))
const layerOf = new Map(packages.map(({ name, layer }) => [name, layer]))

// Declared once, at the root, for the tests of every package.
const TEST_TOOLS = ['vitest', 'fast-check']

describe.each(packages)('$name', ({ directory, layer, exports, dependencies }) => {
  const files = sourcesOf(directory)
  const imports = files.flatMap((file) => importsOf(textOf(file)).map((specifier) => ({ file, specifier })))

  test('has a known layer', () => {
    expect(rankOf(layer)).toBeGreaterThanOrEqual(0)
  })

  test('has one way in, and one for its contract suite or for what it lends to tests', () => {
    const index = './src/index.ts'
    const contract = { '.': index, './contract': './src/contract.ts' }
    const testing = { '.': index, './testing': './src/testing/index.ts' }
    expect(layer === 'test' ? [undefined] : [index, contract, testing]).toContainEqual(exports)
  })

  test('imports only what its package.json declares', () => {
    const undeclared = imports.filter(({ file, specifier }) => {
      const name = packageOf(specifier)
      if (name === undefined || name in dependencies) return false
      return !(TEST_TOOLS.includes(name) && (isTest(file) || isForTests(file) || layer === 'test'))
    })
    expect(undeclared).toEqual([])
  })

  test('what runs in a service imports nothing that is for tests', () => {
    const mixed = imports.filter(({ file, specifier }) => !isTest(file) && !isForTests(file) && layer !== 'test' && isForTests(specifier))
    expect(mixed).toEqual([])
  })

  test('depends only on lower ranks', () => {
    const upward = Object.keys(dependencies).filter((name) => rankOf(layerOf.get(name) ?? '') >= rankOf(layer))
    expect(upward).toEqual([])
  })

  test('reaches other packages by their name; what is for tests only from tests', () => {
    const astray = imports.filter(({ file, specifier }) => {
      if (specifier.startsWith('.')) {
        const path = relative(directory, join(dirname(file), specifier))
        // What builds the images is no package; tests run it.
        return path.startsWith('..') && !(layer === 'test' && path.startsWith('../tools/'))
      }
      return (
        specifier.startsWith('@clymene/') && specifier !== packageOf(specifier) && layer !== 'test' && !isTest(file) && !isForTests(file)
      )
    })
    expect(astray).toEqual([])
  })
})
