/** Writes libs/wire/src/wasm/body-wasm.ts from body.wat. A test fails when what is committed differs: `npm run wasm`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import wabt from 'wabt'

const folder = join(import.meta.dirname, '../libs/wire/src/wasm')
export const target = join(folder, 'body-wasm.ts')

/** The source of the module that exports the bytes. @throws Error when the text is no WebAssembly, with the line. */
export async function generate(): Promise<string> {
  const name = 'body.wat'
  const module = (await wabt()).parseWat(name, readFileSync(join(folder, name), 'utf8'), { simd: true, bulk_memory: true })
  try {
    const { buffer } = module.toBinary({})
    return sourceOf(Buffer.from(buffer).toString('base64'))
  } finally {
    module.destroy()
  }
}

const LINE = 130

const sourceOf = (base64: string): string =>
  [
    '/** `body.wat` as WebAssembly, in base64: made by `npm run wasm`. */',
    'export const BODY_WASM =',
    (base64.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []).map((line) => `  '${line}'`).join(' +\n'),
    '',
  ].join('\n')

if (import.meta.main) writeFileSync(target, await generate())
