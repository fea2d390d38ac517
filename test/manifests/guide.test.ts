import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { agentCommand } from '@clymene/agent'
import { gatewayCommand } from '@clymene/gateway'
import { environmentName, type Command } from '@clymene/runtime'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { commandsOf } from '../docs/commands.ts'
import { BESIDE, MAIN_ORDER, manifestFiles, parseFiles, readFiles, root, TARGET_BESIDE, TARGET_ORDER } from './manifest-files.ts'

const commands = commandsOf('docs/guide.md').map(({ command }) => command)

/** What a verb is given in a cluster, files by themselves and the files of a folder with -k, in their order. */
const files = (verb: string, context: string): readonly string[] =>
  commands.flatMap((line) => {
    const [, flag, path = ''] = new RegExp(`^kubectl --context ${context} ${verb} -([fk]) (\\S+)`).exec(line) ?? []
    if (flag === undefined) return []
    return flag === 'f' ? [path] : filesOfFolder(path)
  })

function filesOfFolder(folder: string): readonly string[] {
  const { resources = [] }: { resources?: string[] } = parse(readFileSync(join(root, folder, 'kustomization.yaml'), 'utf8'))
  return resources.filter((name) => name.endsWith('.yaml')).map((name) => join(folder, name))
}

const indices = (order: readonly string[], ...names: readonly string[]): readonly number[] =>
  names.map((name) => order.findIndex((file) => file.includes(name)))

const STORES = ['k8s/storage/kafka/kafka.yaml', 'k8s/storage/grafana/grafana.yaml']

describe.each([
  ['main', [...MAIN_ORDER, ...BESIDE, ...STORES]],
  ['target', [...TARGET_ORDER, ...TARGET_BESIDE]],
])('in the %s cluster the guide', (context, expected) => {
  test('creates every file once, namespaces first', () => {
    const created = files('create', context)
    expect(created.toSorted()).toEqual(expected.toSorted())
    expect(created[0]).toBe(expected[0])
  })

  test('deletes every file, and the namespaces with the last command', () => {
    const deleted = files('delete', context)
    expect([...new Set(deleted)].toSorted()).toEqual(expected.toSorted())
    const [last = ''] = commands.filter((line) => line.startsWith(`kubectl --context ${context} delete `)).slice(-1)
    expect(last).toMatch(/0\.namespaces\.yaml$|k8s\/target-cluster$/)
  })
})

test.each([
  ['metrics 3, 4, 1, 2', ['3.clymene_gateway', '4.clymene_ingester', '1.clymene_rbac', '2.clymene_agent']],
  ['logs 2, 3, 1', ['2.clymene-promtail_gateway', '3.clymene-promtail_ingester', '1.clymene-promtail_agent']],
])("the original's order: %s", (_name, names) => {
  const found = indices(files('create', 'main'), ...names)
  expect(found).toEqual(found.toSorted((a, b) => a - b))
})

test('metrics-server is deleted before any namespace', () => {
  const [server = -1, namespaces = -1] = indices(files('delete', 'main'), 'metrics-server', '0.namespaces')
  expect(server).toBeLessThan(namespaces)
})

describe('what the guide edits', () => {
  const copy = mkdtempSync(join(tmpdir(), 'clymene-guide-'))
  afterAll(() => {
    rmSync(copy, { recursive: true })
  })

  test.each<[what: string, edit: RegExp, from: RegExp, to: string | ((found: string) => string)]>([
    ['images', /^sed -i 's#image: /, /(?<=image: )bourbonkk\//g, 'registry.example/clymene/'],
    ['the address of the gateway', /^sed -i 's\/GATEWAY_NODE_IP\/192\.0\.2\.10\/' /, /GATEWAY_NODE_IP/g, '192.0.2.10'],
    [
      'the name of the cluster',
      /^sed -i 's\/replacement: "target-cluster"\/replacement: "cluster-b"\//,
      /(?<=replacement: "|--cluster=)target-cluster/g,
      'cluster-b',
    ],
    [
      'both for an overlay',
      /^sed -i 's\/GATEWAY_NODE_IP\/192\.0\.2\.10\/; /,
      /GATEWAY_NODE_IP|(?<=replacement: "|--cluster=)target-cluster/g,
      (found) => (found === 'GATEWAY_NODE_IP' ? '192.0.2.10' : 'cluster-b'),
    ],
  ])('%s: all of them, and nothing else', (_what, edit, from, to) => {
    cpSync(join(root, 'k8s'), join(copy, 'k8s'), { recursive: true })
    const typed = [...commands, ...commandsOf('k8s/README.md').map((one) => one.command)]
    const [command = '', ...others] = typed.filter((line) => edit.test(line))
    expect(others).toEqual([])
    const { status, stderr } = spawnSync('sh', ['-euc', command], { cwd: copy, encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const before = readFiles(manifestFiles())
    const changed = [...before].filter(([file, text]) => readFileSync(join(copy, file), 'utf8') !== text).map(([file]) => file)
    expect(changed).not.toEqual([])
    for (const [file, text] of before)
      expect([file, readFileSync(join(copy, file), 'utf8')]).toEqual([file, text.replaceAll(from, typeof to === 'string' ? () => to : to)])
  })
})

test('what is waited for and asked is in a manifest', () => {
  const objects = new Set(
    parseFiles(readFiles([...manifestFiles(), ...STORES])).map(
      ({ object: { kind, metadata } }) => `${metadata.namespace} ${kind.toLowerCase()}/${metadata.name}`,
    ),
  )
  const asked = commands.flatMap((line) => {
    const namespace = / --namespace (\S+)/.exec(line)?.[1]
    const services = [...line.matchAll(/\/api\/v1\/namespaces\/([^/]+)\/services\/([^:]+):/g)].map(
      ([, place, name]) => `${place} service/${name}`,
    )
    const named = [...line.matchAll(/\b(?:deployment|daemonset|statefulset)\/\S+/g)].map(([name]) => `${namespace} ${name}`)
    return [...services, ...named]
  })
  expect(asked.length).toBeGreaterThan(20)
  expect(asked.filter((one) => !objects.has(one))).toEqual([])
})

const variablesOf = ({ groups }: Command): ReadonlySet<string> =>
  new Set(groups.flatMap(({ flags }) => Object.keys(flags).map(environmentName)))

test.each([
  ['deployment/clymene-gateway', gatewayCommand],
  ['deployment/clymene-agent', agentCommand],
  ['daemonset/clymene-promtail', agentCommand],
])('variables that are set for %s are flags of it', (name, command) => {
  const lines = commands.filter((line) => line.includes(' set env ') && line.includes(name))
  const set = lines.flatMap((line) => [...line.matchAll(/ ([A-Z_]+)=/g)].map(([, variable]) => variable ?? ''))
  expect(set.length).toBeGreaterThan(3)
  expect(set.filter((variable) => !variablesOf(command).has(variable))).toEqual([])
})
