import { expect, test } from 'vitest'

import { importsOf, packageOf } from './imports.ts'

test.each([
  ["import { a } from 'x'", ['x']],
  ["import type { A } from './a.ts'", ['./a.ts']],
  ["import a, { type B } from 'x'", ['x']],
  ["import * as a from 'x'", ['x']],
  ["import {\n  a,\n  b,\n} from 'x'", ['x']],
  ["import 'x'", ['x']],
  ["export { a, type B } from './a.ts'", ['./a.ts']],
  ["export * from './a.ts'", ['./a.ts']],
  ["const a = await import('node:fs')", ['node:fs']],
  ["import { a } from 'x'\nimport { b } from 'y'", ['x', 'y']],
  ["export const a = 1\n// taken from 'y'", []],
  ["export function a() {}\n// import { b } from 'y'", []],
])('%j imports %j', (source, expected) => {
  expect(importsOf(source)).toEqual(expected)
})

test.each([
  ['@clymene/model', '@clymene/model'],
  ['@grpc/grpc-js/build/x.js', '@grpc/grpc-js'],
  ['kafkajs/src/index.js', 'kafkajs'],
  ['node:fs', undefined],
  ['fs/promises', undefined],
  ['./a.ts', undefined],
])('%s is part of %s', (specifier, expected) => {
  expect(packageOf(specifier)).toBe(expected)
})
