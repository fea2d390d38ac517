/**
 * Writes answers.json anew: what the reader of Prometheus 3.15 makes of every case. It needs Go 1.26 and the module
 * github.com/prometheus/prometheus that oracle/go.mod names: `node test/golden/exposition/generate.ts`.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { CONTENT_TYPES, PAGES } from './cases.ts'

const questions = [
  ...PAGES.map(({ format, page }) => ({ format, page: page.toString('base64') })),
  ...CONTENT_TYPES.map((contentType) => ({ format: 'content-type', page: contentType.toString('base64') })),
]
const { stdout, status } = spawnSync('go', ['run', '.'], {
  cwd: join(import.meta.dirname, 'oracle'),
  input: questions.map((question) => JSON.stringify(question)).join('\n'),
  stdio: ['pipe', 'pipe', 'inherit'],
  maxBuffer: 64 * 1024 * 1024,
})
if (status !== 0) throw new Error('the oracle did not answer')
const answers = stdout.toString('utf8').trimEnd().split('\n')
if (answers.length !== questions.length) throw new Error(`${answers.length} answers to ${questions.length} questions`)
writeFileSync(join(import.meta.dirname, 'answers.json'), `[\n${answers.join(',\n')}\n]\n`)
