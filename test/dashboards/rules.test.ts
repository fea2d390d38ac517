import { describe, expect, test } from 'vitest'

import { type BoardFile, everyPanel, readBoards, shownPanels } from './board-files.ts'
import { queriesOf } from './board-queries.ts'
import { MAY_BE_EMPTY, MAY_IGNORE } from './may-be-empty.ts'
import { neededMetrics } from './needed-metrics.ts'
import { parseQuery } from './query-syntax.ts'
import { type Rule, rules } from './rules.ts'

const boards = readBoards()
const all = [...boards.values()]

describe.each([...boards])('%s', (_, board) => {
  test.each(rules)('$name', ({ check }) => {
    expect(check(board, all)).toEqual([])
  })

  test('has queries to look at', () => {
    expect(queriesOf(board).length).toBeGreaterThan(15)
  })
})

const boardOf = (uid: string): BoardFile => {
  const found = all.find((board) => board.uid === uid)
  if (found === undefined) throw new Error(`no board ${uid}`)
  return found
}

/** On a screen of 1080 lines about so many rows of the grid are seen below Grafana's own bars. */
const SCREEN = 24

describe('the log of what is chosen', () => {
  test('the pod board shows the log of the chosen pods in the first screen', () => {
    const [panel] = shownPanels(boardOf('clymene-pod')).filter(({ type }) => type === 'logs')
    const { y = Infinity, h = 0 } = panel?.gridPos ?? {}
    expect(y + h).toBeLessThanOrEqual(SCREEN)
    expect(h).toBeGreaterThanOrEqual(12)
  })

  test('the node board lists its pods in the first screen: a click leads to each', () => {
    const [panel] = shownPanels(boardOf('clymene-node')).filter(({ type }) => type === 'table')
    const { y = Infinity, h = 0 } = panel?.gridPos ?? {}
    expect(y + h).toBeLessThanOrEqual(SCREEN)
  })

  test.each([
    ['clymene-pod', { cluster: '$cluster', namespace: '$namespace', pod: '$pod', container: '$container' }],
    ['clymene-node', { cluster: '$cluster', node_name: '$node' }],
  ])('%s: lines and their number follow what is chosen', (uid, expected) => {
    const queries = queriesOf(boardOf(uid)).filter(({ language }) => language === 'LogQL')
    const selectors = queries.flatMap(({ text }) => parseQuery('LogQL', text).selectors.map(({ matchers }) => matchers))
    // Events and ends of containers are jobs of their own.
    const found = selectors.filter((matchers) => !matchers.some(({ label }) => label === 'job'))
    expect(found.map((matchers) => Object.fromEntries(matchers.map(({ label, value }) => [label, value])))).toEqual(
      found.map(() => expected),
    )
    expect(found.length).toBeGreaterThanOrEqual(2)
  })

  test('all boards begin with the last 15 minutes', () => {
    expect(all.map(({ time }) => time)).toEqual(all.map(() => ({ from: 'now-15m', to: 'now' })))
  })
})

test('what the boards need is of exporters that the guide installs', () => {
  expect(new Set(neededMetrics().map(({ exporter }) => exporter))).toEqual(
    new Set(['node-exporter', 'kube-state-metrics', 'cAdvisor', 'kubelet', 'Clymene']),
  )
  expect(neededMetrics().find(({ name }) => name === 'kube_pod_container_resource_limits')).toEqual({
    name: 'kube_pod_container_resource_limits',
    exporter: 'kube-state-metrics',
    labels: ['cluster', 'container', 'namespace', 'node', 'pod', 'resource'],
    values: new Map([['resource', ['cpu', 'memory']]]),
  })
})

describe('a mistake is found', () => {
  // What a board may have wrong, as a change of its text, and the rule that has to tell.
  const mistakes: readonly (readonly [string, (text: string) => string, string])[] = [
    ['a bracket is missing', (text) => text.replace('[$__rate_interval]))', '[$__rate_interval])'), 'can be parsed'],
    ['a bracket is missing in LogQL', (text) => text.replace(' [$__auto]))', ' [$__auto])'), 'can be parsed'],
    ['a matcher of the cluster is dropped', (text) => text.replace(/(rate\(\w+\{)cluster=\\"\$cluster\\",/, '$1'), 'names the cluster'],
    [
      'a matcher of the cluster is dropped in LogQL',
      (text) => text.replace(/count_over_time\(\{cluster=\\"\$cluster\\",/, 'count_over_time({'),
      'names the cluster',
    ],
    ['the cluster is a fixed one', (text) => text.replace(/cluster=~?\\"\$cluster\\"/, 'cluster=\\"minikube\\"'), 'names the cluster'],
    [
      'several clusters are asked for as one',
      (text) => text.replace('cluster=~\\"$cluster\\"', 'cluster=\\"$cluster\\"'),
      'names the cluster',
    ],
    ['a variable does not exist', (text) => text.replace('$cluster', '$klaster'), 'defines every variable'],
    ['a window is fixed', (text) => text.replace('[$__rate_interval]', '[5m]'), 'window of a rate'],
    ['what is typed is escaped', (text) => text.replace('${filter:raw}', '$filter'), 'somebody types'],
    ['a data source is fixed', (text) => text.replace('"uid": "${loki_datasource}"', '"uid": "P8E80F9AEF21F6940"'), 'data sources'],
    ['a description is missing', (text) => text.replace(/"description": "Time since[^"]*"/, '"description": ""'), 'what it shows'],
    ['a unit is missing', (text) => text.replace('"unit": "s"', '"unit": ""'), 'what it shows'],
    ['a panel is of a type that is no more', (text) => text.replace('"type": "timeseries"', '"type": "graph"'), 'the schema'],
    ['two panels have one id', (text) => text.replace('"id": 8,', '"id": 7,'), 'an id of its own'],
    ['two panels overlap', (text) => text.replace('"x": 21', '"x": 20'), 'without overlap'],
    [
      'a mark is of a fixed data source',
      (text) => text.replace(/("annotations"[^]*?"uid": )"\$\{datasource\}"/, '$1"P8E80"'),
      'data sources',
    ],
    ['a mark has a bracket too few', (text) => text.replace('[$__rate_interval])) > 0', '[$__rate_interval]) > 0'), 'can be parsed'],
    [
      'a panel of one source says that it has two',
      (text) => text.replace(/"-- Mixed --"([^]*?)"type": "loki"/g, '"-- Mixed --"$1"type": "prometheus"'),
      'data sources',
    ],
    ['a fixed window of lines over time', (text) => text.replace('[$__auto]', '[5m]'), 'window of a rate'],
    ['a fixed window of what was seen', (text) => text.replace('[1d:5m]', '[1d:1h]'), 'window of a rate'],
    ['a transformation is not known to all', (text) => text.replace('"id": "merge"', '"id": "partitionByValues"'), 'the schema'],
    ['a board is too large', (text) => text.replace('"description": "', `"description": "${'A'.repeat(200_000)}`), 'a size that'],
    ['the cluster is not chosen first', (text) => text.replace('"name": "cluster"', '"name": "klaster"'), 'the cluster first'],
    ['the time is lost', (text) => text.replace('&${__url_time_range}"', '"'), 'links to boards'],
    ['a link takes a column that is not there', (text) => text.replace('__data.fields.pod}', '__data.fields.pot}'), 'links to boards'],
    [
      'a link of a board to itself keeps what was chosen',
      (text) => (text.includes('"uid": "clymene-pod"') ? text.replace('&var-workload=%24__all', '') : text),
      'links to boards',
    ],
    [
      'all of a variable is asked for by a name that Grafana fills in',
      (text) => text.replace('=%24__all', '=$all'),
      'defines every variable',
    ],
    [
      'a link gives all clusters to a board of one',
      (text) => text.replace('var-cluster=${__data.fields.cluster}', '${cluster:queryparam}'),
      'links to boards',
    ],
    ['the other boards lose the choice', (text) => text.replace('"includeVars": true', '"includeVars": false'), 'links to boards'],
    ['no crosshair', (text) => text.replace('"graphTooltip": 1', '"graphTooltip": 0'), 'one crosshair'],
    ['the tag is gone', (text) => text.replace(/^ {2}"tags": \[\s*"clymene"/m, '  "tags": ["other"'), 'a uid, a title'],
    ['a link goes nowhere', (text) => text.replace(/\/d\/clymene-\w+/, '/d/clymene-planet'), 'links to boards'],
    ['a link names a variable that is not there', (text) => text.replace(/(\/d\/[^"]*)var-\w+=/, '$1var-planet='), 'links to boards'],
    ['choices are not asked for again', (text) => text.replace('"refresh": 2', '"refresh": 1'), 'whenever the time changes'],
    ['the schema is newer than Grafana 11', (text) => text.replace('"schemaVersion": 39', '"schemaVersion": 42'), 'the schema'],
  ]

  test.each(mistakes)('%s', (_name, change, told) => {
    const mutants = all.flatMap((board): readonly BoardFile[] => {
      const text = JSON.stringify(board, undefined, 2)
      const changed = change(text)
      return changed === text ? [] : [JSON.parse(changed)]
    })
    expect(mutants).not.toEqual([])
    const missed = mutants.filter((mutant) => !brokenRules(mutant).some((name) => name.includes(told)))
    expect(missed.map(({ uid }) => uid)).toEqual([])
  })

  const brokenRules = (mutant: BoardFile): readonly Rule['name'][] => {
    const others = all.map((board) => (board.uid === mutant.uid ? mutant : board))
    return rules.filter(({ check }) => check(mutant, others).length > 0).map(({ name }) => name)
  }
})

test('a panel of a collapsed row is looked at, too', () => {
  const node = boardOf('clymene-node')
  expect(everyPanel(node).length).toBeGreaterThan(node.panels.length)
})

test('what may ignore a choice is a panel or mark that exists and a variable of its board, with a reason', () => {
  for (const { board, of, variable, reason } of MAY_IGNORE) {
    const { annotations } = boardOf(board)
    expect([...shownPanels(boardOf(board)).map(({ id }) => id), ...annotations.list.map(({ name }) => name)]).toContain(of)
    expect(boardOf(board).templating.list.map(({ name }) => name)).toContain(variable)
    expect(reason.length).toBeGreaterThan(10)
  }
})

test('what may be empty is a query that exists, once, with a reason', () => {
  const known = all.flatMap((board) =>
    shownPanels(board).flatMap(({ id, targets = [] }) => targets.map(({ refId }) => `${board.uid} ${id} ${refId}`)),
  )
  const excused = MAY_BE_EMPTY.flatMap(({ board, panel, query }) =>
    known.filter((name) => name === `${board} ${panel} ${query ?? name.at(-1)}`),
  )
  expect(new Set(excused).size).toBe(excused.length)
  expect(MAY_BE_EMPTY.filter(({ board, panel }) => !excused.some((name) => name.startsWith(`${board} ${panel} `)))).toEqual([])
  expect(MAY_BE_EMPTY.filter(({ reason }) => reason.length < 10)).toEqual([])
  // Most of a board has to show something.
  expect(excused.length).toBeLessThan(known.length / 10)
})
