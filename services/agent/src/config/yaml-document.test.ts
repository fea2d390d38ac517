import { ConfigError } from '@clymene/model'
import { expect, test, vi } from 'vitest'

import { openYaml } from './section.ts'

/** Mistakes of a text whose only key that is read is `a`. */
function mistakesOf(text: string): readonly string[] {
  const mistakes: string[] = []
  try {
    openYaml(text, 'c.yml', mistakes).finish()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.mistakes
  }
  return mistakes
}

const SECRET = 'hunter2'

test.each<[name: string, text: string, line: number]>([
  ['begins with a star', `password: *${SECRET}`, 1],
  ['begins with a star, further down', `a: 1\nb: {password: [*${SECRET}]}`, 2],
  ['begins with a reserved character', `password: @${SECRET}`, 1],
  ['begins with a bar', `password: |${SECRET}\n  x`, 1],
  ['begins with an arrow', `password: >${SECRET}`, 1],
  ['begins with an exclamation mark, twice', `password: !!binary,${SECRET} [x]`, 1],
  ['begins with an ampersand, twice', `password: &a &${SECRET} x`, 1],
  ['has a colon in it', `password: ${SECRET}: x`, 1],
  ['has an escape in it that is none', `password: "\\u${SECRET}"`, 1],
  ['stands behind a quoted one', `password: "x"${SECRET}`, 1],
  ['has no end', `a: 1\npassword: "${SECRET}`, 2],
  ['goes on in another line', `password: ${SECRET}\n   more: x`, 1],
  ['stands behind a tab', `a: b\n\tpassword: ${SECRET}`, 2],
  ['has no blank before it', `a: {password:${SECRET}}`, 1],
  ['has no blank before it, at the top', `{password:${SECRET}}`, 1],
  ['is all there is', SECRET, 1],
])('a mistake does not quote a password that %s', (_name, text, line) => {
  const mistakes = mistakesOf(text)
  expect(mistakes).not.toEqual([])
  expect(mistakes[0]).toMatch(new RegExp(`^c\\.yml:${line}: .`))
  expect(mistakes.join('\n')).not.toContain(SECRET.slice(0, 4))
})

test.each([
  ['a key', 'a: 1\n!!binary "/w==": b'],
  ['a value', 'a:\n  b: !!binary "/w=="'],
])('bytes that are no text are no %s', (_name, text) => {
  expect(mistakesOf(text)).toEqual(['c.yml:2: a tag !!binary, expected text'])
})

const TEMPLATE = 'put {{ }} in quotes, or is this a template that was not rendered?'

test.each<[name: string, text: string, mistakes: readonly string[]]>([
  ['a template as a value', 'a: 1\nb: {{ .Values.x }}', [`c.yml:2: a key that is a map or a list: ${TEMPLATE}`]],
  [
    'two of them',
    'a: {{ .x | quote }}\nb:\n  - c: {{ include "x" . }}',
    [1, 3].map((line) => `c.yml:${line}: a key that is a map or a list: ${TEMPLATE}`),
  ],
  ['a list as a key', 'a: 1\n? [b]\n: c', [`c.yml:2: a key that is a map or a list: ${TEMPLATE}`]],
  ['a map as a key by an alias', 'a: &x {b: c}\n? *x\n: c', [`c.yml:2: a key that is a map or a list: ${TEMPLATE}`]],
  ['a template around lines', 'a: 1\n{{- with .V }}', [`c.yml:2: is no YAML: ${TEMPLATE}`]],
  ['a second document', 'a: 1\n---\nb: 2', ['c.yml:2: expected one document, a second begins here']],
  ['a second document behind the dashes of the first', '---\na: 1\n---\nb: 2', ['c.yml:3: expected one document, a second begins here']],
  ['a key that comes twice', 'a:\n  job_name: x\n  job_name: y', ['c.yml:3: the key "job_name" comes twice in this map']],
  ['a key that comes twice and may be a secret', `a: {${SECRET}, ${SECRET}}`, ['c.yml:1: a key comes twice in this map']],
  ['a key that comes twice with its secret', `a: {password:${SECRET}, password:${SECRET}}`, ['c.yml:1: a key comes twice in this map']],
])('is told in plain words: %s', (_name, text, mistakes) => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  try {
    expect(mistakesOf(text)).toEqual(mistakes)
    expect(warned).not.toHaveBeenCalled()
  } finally {
    warned.mockRestore()
  }
})

test.each(['a: "{{ .V }}"', "a: '{{ x }}'", 'a: x{{ y }}', '# {{ x }}\na: 1'])('braces in text are no template: %j', (text) => {
  expect(mistakesOf(text).filter((mistake) => !mistake.endsWith(': a: unknown key'))).toEqual([])
})

test.each([
  ['1.10', '1.10'],
  ['1e3', '1e3'],
  ['-0.50', '-0.50'],
  ['.inf', '.inf'],
  ['110', 110],
  ['0x10', 16],
  ['"1.10"', '1.10'],
])('%s is %j: what is written as a fraction stays as it is written', (written, expected) => {
  const read: unknown[] = []
  openYaml(`a: {b: ${written}}`, 'c.yml', []).parsed('a', (value) => read.push(value), 0)
  expect(read).toEqual([{ b: expected }])
})
