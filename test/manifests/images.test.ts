import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { IMAGE_EXECUTABLES, type ImageService } from '../../tools/image-files.ts'
import { builtImage } from '../images/built-image.ts'
import { runImage } from '../images/run-image.ts'
import { BESIDE, EXAMPLES, MAIN_ORDER, parseFiles, readFiles, TARGET_BESIDE, TARGET_ORDER } from './manifest-files.ts'
import type { Container } from './objects.ts'
import { containersOf } from './pods.ts'

const directory = mkdtempSync(join(tmpdir(), 'clymene-images-'))

/** Those that manifests start. */
const STARTED: readonly ImageService[] = ['agent', 'gateway', 'ingester']

beforeAll(() => Promise.all(STARTED.map(builtImage)), 120_000)
afterAll(() => {
  rmSync(directory, { recursive: true })
})

const configMaps = new Map<string, Readonly<Record<string, string>>>()
const ours: { readonly name: string; readonly container: Container; readonly config: string | undefined }[] = []
for (const [cluster, order] of [
  ['main', [...MAIN_ORDER, ...BESIDE, ...EXAMPLES]],
  ['target', [...TARGET_ORDER, ...TARGET_BESIDE]],
] as const) {
  const objects = parseFiles(readFiles(order)).map(({ object }) => object)
  for (const { kind, metadata, data = {} } of objects) if (kind === 'ConfigMap') configMaps.set(`${cluster} ${metadata.name}`, data)
  for (const { metadata, spec } of objects)
    for (const container of spec?.template === undefined ? [] : containersOf(spec.template)) {
      if (!container.image.startsWith('bourbonkk/clymene-')) continue
      const config = spec?.template?.spec.volumes?.find(({ configMap }) => configMap !== undefined)?.configMap?.name
      ours.push({ name: `${cluster} ${metadata.name}`, container, config: config === undefined ? undefined : `${cluster} ${config}` })
    }
}

describe('what a manifest starts is valid', () => {
  test.each(ours)('$name', async ({ name, container, config }) => {
    const service = STARTED.find((one) => container.image.startsWith(`bourbonkk/clymene-${one}:`))
    if (service === undefined) throw new Error(`no image that is laid out here is ${container.image}`)
    // The ConfigMap's files stand elsewhere here than in the pod.
    const files = join(directory, 'config', name)
    mkdirSync(files, { recursive: true })
    for (const [file, text] of Object.entries(configMaps.get(config ?? '') ?? {})) writeFileSync(join(files, file), text)
    const args = (container.args ?? []).map((arg) => arg.replace(/^(--config\.file=).*\//, `$1${files}/`))
    const env = Object.fromEntries((container.env ?? []).map((one) => [one.name, (one.value ?? 'node-1').replace('$(HOSTNAME)', 'node-1')]))
    const [program] = container.command ?? IMAGE_EXECUTABLES[service]
    const { status, output } = await runImage(service, [program ?? '', 'validate', ...args], env)
    // The account of the pod is not here.
    const told = output
      .split('\n')
      .filter(
        (line) =>
          !/^(?:log )?job "|^events of the cluster$|^(?:target|not-asked)\t|^warning: .*: cannot read \/var\/run\/secrets\/kubernetes\.io\/serviceaccount\//.test(
            line,
          ),
      )
    expect({ status, told }).toEqual({ status: 0, told: [expect.stringMatching(/^[a-z-]+: configuration is valid$/), ''] })
  })

  test('all of them are looked at', () => {
    expect(ours.map(({ name }) => name)).toHaveLength(11)
  })
})
