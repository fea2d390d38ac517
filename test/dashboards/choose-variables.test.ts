import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import type { Variable } from './board-files.ts'
import { readBoards } from './board-files.ts'
import { chooseVariables } from './choose-variables.ts'

const durations = { __rate_interval: '1m', __interval: '15s', __range: '900s', __auto: '20s' }
const span = { from: new Date(0), to: new Date(1000), stepSeconds: 1 }

describe('what can be chosen', () => {
  const asked: string[] = []
  let values: readonly string[] = []
  const server = createServer((request, response) => {
    asked.push(decodeURIComponent(request.url ?? ''))
    response.end(JSON.stringify({ data: values }))
  })
  let url = ''
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an object
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const choose = (variable: Variable, offered: readonly string[], choice: Readonly<Record<string, string>> = {}) => {
    values = offered
    const [board] = readBoards().values()
    return chooseVariables({ ...board!, templating: { list: [variable] } }, { prometheusUrl: url, lokiUrl: url }, choice, span, durations)
  }

  const labels = { type: 'query', name: 'x', datasource: { type: 'prometheus', uid: '' }, query: { query: 'label_values(up, x)' } }

  test('the first value is chosen, or all where that is a choice', async () => {
    expect((await choose(labels, ['a', 'b'])).chosen.get('x')).toEqual({ values: ['a'], multi: false })
    expect((await choose({ ...labels, multi: true, includeAll: true, allValue: '.+' }, ['a', 'b'])).chosen.get('x')).toEqual({
      values: ['a', 'b'],
      multi: true,
      expression: '.+',
    })
  })

  test('of each value what a regular expression finds, once', async () => {
    const { choices } = await choose({ ...labels, regex: '/^(.+?)(?:-\\d+)?$/' }, ['web-1', 'web-2', 'db', ''])
    expect(choices.get('x')).toEqual(['web', 'db'])
  })

  test('the pod board calls workloads by their own names', async () => {
    const workload = readBoards()
      .get('2.clymene-pod-monitoring.json')!
      .templating.list.find(({ name }) => name === 'workload')!
    const offered = ['web-6d4cf56db6', 'web-7f9c8b5d4', 'web-api-5b9c7d8f6d', 'kafka', 'fluent-bit', 'backup-29387520', '']
    const board = { cluster: 'a', namespace: 'b' }
    values = offered
    const [first] = readBoards().values()
    const plain = Object.keys(board).map((name) => ({ type: 'textbox', name, query: 'x' }))
    const { choices } = await chooseVariables(
      { ...first!, templating: { list: [...plain, workload] } },
      { prometheusUrl: url, lokiUrl: url },
      board,
      span,
      durations,
    )
    expect(choices.get('workload')).toEqual(['web', 'web-api', 'kafka', 'fluent-bit', 'backup-29387520'])
    expect(asked.at(-1)).toContain('kube_pod_owner{cluster="a",namespace="b"}')
  })

  test('a custom variable has its first value', async () => {
    const level = { type: 'custom', name: 'level', query: String.raw`any : .*, short : a{1\,2}` }
    expect((await choose(level, [])).chosen.get('level')).toEqual({ values: ['.*'], multi: false })
    expect((await choose(level, [], { level: 'a{1,2}' })).chosen.get('level')).toEqual({ values: ['a{1,2}'], multi: false })
  })

  test('nothing to choose, and a choice that is not there', async () => {
    expect((await choose(labels, [])).problems).toEqual(['variable x: the stores offer nothing to choose'])
    expect((await choose(labels, ['a'], { x: 'b' })).problems).toEqual(['variable x: b is not offered, only a'])
  })
})
