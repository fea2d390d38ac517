/**
 * Writes answers.json anew: what Go and the libraries of Promtail make of every question. It needs Go 1.26 and the modules
 * that oracle/go.mod names: `node test/golden/stages/generate.ts`.
 */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { QUESTIONS } from './cases.ts'

const { stdout, status } = spawnSync('go', ['run', '.'], {
  cwd: join(import.meta.dirname, 'oracle'),
  input: QUESTIONS.map((question) => JSON.stringify(question)).join('\n'),
  stdio: ['pipe', 'pipe', 'inherit'],
  maxBuffer: 64 * 1024 * 1024,
})
if (status !== 0) throw new Error('the oracle did not answer')
const answers = stdout.toString('utf8').trimEnd().split('\n')
if (answers.length !== QUESTIONS.length) throw new Error(`${answers.length} answers to ${QUESTIONS.length} questions`)
writeFileSync(join(import.meta.dirname, 'answers.json'), `[\n${answers.join(',\n')}\n]\n`)
