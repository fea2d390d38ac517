import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, test } from 'vitest'

import { blocksOf, commandsOf } from '../docs/commands.ts'
import { startLinesSink } from './lines-sink.ts'
import { start } from './processes.ts'
import { startService } from './service.ts'
import { numbersTo } from './world.ts'

const WAIT = { timeout: 60_000, interval: 100 }
const PAGE = 'docs/migrate.md'
const root = join(import.meta.dirname, '../..')
const BEFORE = 3
const AFTER = 5

let folder: string
let sink: Awaited<ReturnType<typeof startLinesSink>>
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-migrate-'))
  sink = await startLinesSink()
})
afterAll(async () => {
  await sink.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What the page says, on a node whose root is the folder of this test. */
const here = (text: string): string => text.replaceAll(/(?<![\w.])\/var\/(?=log|lib)/g, `${folder}/var/`)

const time = (number: number): string => `2026-11-21T10:00:00.00000000${number}Z`
const asContainerd = (number: number): string => `${time(number)} stdout F line ${number}\n`
const asDocker = (number: number): string => `${JSON.stringify({ log: `line ${number}\n`, stream: 'stdout', time: time(number) })}\n`

/** Pods of a node as Fluentd sees them, by the links of /var/log/containers. */
const PODS = [
  { namespace: 'default', pod: 'nginx-1', form: asContainerd },
  { namespace: 'app-test', pod: 'nginx-2', form: asDocker },
  { namespace: 'kube-logging', pod: 'nginx-3', form: asContainerd },
] as const

function writePod({ namespace, pod, form }: (typeof PODS)[number]) {
  const file = join(folder, `var/log/pods/${namespace}_${pod}_uid-${pod}/web/0.log`)
  const link = join(folder, `var/log/containers/${pod}_${namespace}_web-0123456789abcdef.log`)
  mkdirSync(join(file, '..'), { recursive: true })
  mkdirSync(join(link, '..'), { recursive: true })
  const read = numbersTo(BEFORE).map(form).join('')
  writeFileSync(file, read)
  symlinkSync(file, link)
  const more = () => appendFileSync(file, numbersTo(AFTER).slice(BEFORE).map(form).join(''))
  return { position: `${link}\t${Buffer.byteLength(read).toString(16).padStart(16, '0')}\t0000000000000abc\n`, more }
}

const linesOf = (text: string): string[] => [...text.matchAll(/line \d+/g)].map(([line]) => line).toSorted()

test('from Fluentd: the agent goes on at the positions of pos_file, with the pods that Fluentd had', { timeout: 120_000 }, async () => {
  const pods = PODS.map(writePod)
  writeFileSync(
    join(folder, 'var/log/fluentd-containers.log.pos'),
    `${join(folder, 'var/log/containers/gone_default_web-00.log')}\tffffffffffffffff\t0000000000000abd\n${pods.map(({ position }) => position).join('')}`,
  )
  for (const { more } of pods) more()
  const state = join(folder, 'var/lib/clymene-promtail')
  mkdirSync(state, { recursive: true })
  const [config = ''] = blocksOf(PAGE, 'yaml')
  writeFileSync(join(folder, 'efk.yml'), here(config))
  const commands = commandsOf(PAGE).map(({ command }) => command)
  const only = (pattern: RegExp): string => {
    const found = commands.filter((command) => pattern.test(command))
    expect(found).toHaveLength(1)
    return found[0] ?? ''
  }

  const converted = spawnSync('sh', ['-euc', here(only(/^\{ echo positions:/))], { cwd: folder, encoding: 'utf8' })
  expect({ status: converted.status, stderr: converted.stderr }).toEqual({ status: 0, stderr: '' })
  const positions = readFileSync(join(folder, 'positions.yaml'), 'utf8')
  expect(positions.split('\n').filter((line) => line.includes('/var/log/pods/'))).toHaveLength(PODS.length)
  writeFileSync(join(state, 'positions.yaml'), positions)

  const words = only(/^clymene promtail --config\.file=efk\.yml .*--dry-run$/).split(' ')
  const dryRun = start(join(root, 'node_modules/.bin/node'), [join(root, 'services/clymene/bin/clymene.mjs'), ...words.slice(1)], {
    cwd: folder,
  })
  const expected = numbersTo(AFTER)
    .slice(BEFORE)
    .flatMap((number) => [`line ${number}`, `line ${number}`])
  await expect.poll(() => linesOf(dryRun.output()), WAIT).toEqual(expected)
  dryRun.process.kill('SIGTERM')
  await dryRun.exit

  const agent = await startService('promtail', {
    environment: { STORAGE_TYPE: 'loki' },
    flags: [
      `--config.file=${join(folder, 'efk.yml')}`,
      '--cluster=cluster-b',
      `--loki.client.url=${sink.url}`,
      `--buffer.dir=${join(state, 'buffer')}`,
    ],
  })
  await expect
    .poll(
      () =>
        sink
          .lines()
          .map(({ line }) => line)
          .toSorted(),
      WAIT,
    )
    .toEqual(expected)
  await agent.stop()
  const labelled = sink.lines().map(({ labels: { cluster, namespace, pod, container } }) => [cluster, namespace, pod, container].join(' '))
  expect([...new Set(labelled)].toSorted()).toEqual(['cluster-b app-test nginx-2 web', 'cluster-b default nginx-1 web'])
})
