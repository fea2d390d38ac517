import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { generate, target } from './wasm.ts'

test('body-wasm.ts is what body.wat says (npm run wasm)', async () => {
  expect(await generate()).toBe(readFileSync(target, 'utf8'))
})
