import { ConfigError } from '@clymene/model'
import { describe, expect, test } from 'vitest'

import { readPipeline, type ReadPipelineOptions } from './read-pipeline.ts'

const read = (text: string, more: Partial<ReadPipelineOptions> = {}) => readPipeline({ config: { path: 'p.yml', text }, job: '', ...more })
const namesOf = (text: string, more: Partial<ReadPipelineOptions> = {}): readonly string[] =>
  read(text, more).stages.map(({ name }) => name)

const WHOLE = `clients: [{url: "http://loki/push"}]
scrape_configs:
  - job_name: a
    static_configs: [{labels: {__path__: /a}}]
    pipeline_stages: [{json: {expressions: {x: x}}}]
  - job_name: b
    static_configs: [{labels: {__path__: /b}}]
    pipeline_stages: [{cri: {}}]
`

describe('the stages of', () => {
  test.each<[name: string, text: string, job: string, stages: readonly string[]]>([
    ['a list', '- cri: {}\n- labels: {a: }\n', '', ['cri', 'labels']],
    ['an empty list', '[]', '', []],
    ['a map', 'pipeline_stages: [{docker: {}}]', '', ['docker']],
    ['a job that was cut out of a file', 'job_name: a\npipeline_stages: [docker]', '', ['docker']],
    ['the only job', 'scrape_configs: [{job_name: a, static_configs: [{labels: {__path__: /a}}], pipeline_stages: [cri]}]', '', ['cri']],
    ['a job', WHOLE, 'a', ['json']],
    ['another job', WHOLE, 'b', ['cri']],
  ])('%s', (_name, text, job, stages) => {
    expect(namesOf(text, { job })).toEqual(stages)
  })

  test('a configuration that the environment completes', () => {
    expect(namesOf('- ${STAGE:-docker}: {}', { expandFrom: {} })).toEqual(['docker'])
    expect(namesOf('- ${STAGE:-docker}: {}', { expandFrom: { STAGE: 'cri' } })).toEqual(['cri'])
    expect(read('- labels: {a: "${NONE}"}', { expandFrom: {} }).warnings).toEqual(['p.yml:1: the environment has no NONE: it is empty'])
  })
})

test('what a whole configuration warns of is told', () => {
  expect(read(WHOLE, { job: 'a' }).warnings).toEqual([expect.stringMatching(/^p\.yml:1: clients: has no effect/)])
})

describe('mistakes, all of them', () => {
  test.each<[name: string, text: string, job: string, mistakes: readonly string[]]>([
    ['none of its stages', '- cry: {}\n- crx: {}\n', '', ['p.yml:1: pipeline_stages[0]', 'p.yml:2: pipeline_stages[1]']],
    ['a key beside them', 'pipeline_stages: []\nstatic_configs: []', '', ['p.yml:2: static_configs: unknown key']],
    ['a job where there are none', '[]', 'a', ['--job="a" has no meaning: p.yml has stages and no jobs']],
    ['no job at all', '{}', '', ['p.yml: expected pipeline_stages, or scrape_configs with a job']],
    ['several jobs', WHOLE, '', ['--job: expected which one of "a", "b" is meant']],
    ['a job that is not there', WHOLE, 'c', ['--job="c": expected one of "a", "b"']],
    ['another job', WHOLE.replace('cri', 'cry'), 'a', ['p.yml:8: scrape_configs[1].pipeline_stages[0]']],
    ['no map', 'text', '', ['p.yml:1: expected a map at the top level']],
  ])('%s', (_name, text, job, mistakes) => {
    let found: readonly string[] = []
    try {
      read(text, { job })
    } catch (error) {
      found = error instanceof ConfigError ? error.mistakes : [String(error)]
    }
    expect(found).toEqual(mistakes.map((mistake) => expect.stringContaining(mistake)))
  })
})
