import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { agentCommand, readScrapeConfigs } from '@clymene/agent'
import { createDiscoveryContext } from '@clymene/discovery'
import { ConfigError } from '@clymene/model'
import { createMetrics, silentLogger } from '@clymene/runtime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'

import { root } from './manifest-files.ts'

const guide = readFileSync(join(root, 'docs/configuration.md'), 'utf8')

/** Rows of the table of keys: each key, and where it may stand. */
const rows = [...guide.matchAll(/^\| (`[a-z0-9_` *]+`)\s*\| (yes|)\s*\| (yes|)\s*\|/gm)].flatMap(([, keys = '', global, job]) =>
  [...keys.matchAll(/`([a-z0-9_]+)`/g)].map(([, key = '']) => ({ key, global: global === 'yes', job: job === 'yes' })),
)

const context = createDiscoveryContext({ logger: silentLogger, metrics: createMetrics() })

/** Whether the reader knows the key at this place. */
function isKnown(text: string): boolean {
  try {
    readScrapeConfigs([{ path: 'c.yml', text }], {}, context)
    return true
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return !error.mistakes.some((mistake) => mistake.includes(': unknown key'))
  }
}

test('the table of keys is found', () => {
  expect(rows.length).toBeGreaterThan(45)
})

test.each(rows)('$key stands where the table says, and nowhere else', ({ key, global, job }) => {
  const value = key === 'job_name' ? 'j' : ''
  expect(isKnown(`global: {${key}: ${value}}`)).toBe(global)
  expect(isKnown(`scrape_configs: [{${key === 'job_name' ? '' : 'job_name: j, '}${key}: ${value}}]`)).toBe(job)
})

describe('several agents', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'clymene-configuration-'))
    writeFileSync(join(folder, 'clymene.yml'), 'scrape_configs: [{job_name: j}]')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const yaml = /^```yaml\n(apiVersion: apps\/v1\nkind: StatefulSet.*?)^```$/ms.exec(guide)?.[1] ?? ''
  type StatefulSet = {
    readonly metadata: { readonly name: string }
    readonly spec: {
      readonly replicas: number
      readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } }
    }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the test is about this text
  const { metadata, spec } = parse(yaml) as StatefulSet
  const args = spec.template.spec.containers[0]?.args ?? []

  test.each(Array.from({ length: spec.replicas }, (_, index) => `${metadata.name}-${index}`))('%s knows which one it is', async (pod) => {
    const argv = args.map((text) => text.replaceAll('$(POD_NAME)', pod).replace('/etc/clymene/', `${folder}/`))
    const { warnings } = await agentCommand.configure(argv, { STORAGE_TYPE: 'gateway' })
    expect(warnings).toEqual([expect.stringContaining('no cluster')])
  })

  test('there is no pod beyond the count', async () => {
    const argv = args.map((text) =>
      text.replaceAll('$(POD_NAME)', `${metadata.name}-${spec.replicas}`).replace('/etc/clymene/', `${folder}/`),
    )
    await expect(agentCommand.configure(argv, { STORAGE_TYPE: 'gateway' })).rejects.toThrow('--agent.shard.index')
  })
})
