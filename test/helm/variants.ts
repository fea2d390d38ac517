import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { helmProgram } from '../engines/helm.ts'
import { type CommandOutcome, outcomeOf } from '../engines/kubernetes-command.ts'
import { root } from '../manifests/manifest-files.ts'
import { objectsOf, type Rendered } from './differences.ts'

export const CHART = join(root, 'k8s/helm/clymene')

/** Values of the chart, as a values file has them. */
export type Values = Readonly<Record<string, unknown>>

/** A change in the text of one file of the chart. */
export type Change = { readonly file: string; readonly from: string; readonly to: string }

/** Objects of each variant, and what Helm wrote when it refused one. */
export type Variants = { readonly objects: ReadonlyMap<string, ReadonlyMap<string, Rendered>>; readonly outcome: CommandOutcome }

const CHANGED = 'changed'

/**
 * Renders the chart by several values in one run of Helm, as dependencies of a chart that is made for it: Helm takes longer to start than to render.
 * The names are those of the variants; `changed` is the chart with that change in it, by its defaults.
 */
export async function renderVariants(variants: Readonly<Record<string, Values>>, change?: Change): Promise<Variants> {
  const folder = mkdtempSync(join(tmpdir(), 'clymene-helm-'))
  try {
    mkdirSync(join(folder, 'charts'))
    cpSync(CHART, join(folder, 'charts/clymene'), { recursive: true })
    const dependencies = Object.keys(variants).map((alias) => ({ name: 'clymene', alias, version: '*', repository: '' }))
    if (change !== undefined) writeChanged(join(folder, 'charts', CHANGED), change)
    // JSON is YAML.
    writeFileSync(join(folder, 'Chart.yaml'), JSON.stringify({ apiVersion: 'v2', name: 'variants', version: '0.0.0', dependencies }))
    writeFileSync(join(folder, 'values.yaml'), JSON.stringify(variants))
    const outcome = await outcomeOf(helmProgram, ['template', 'clymene', folder])
    return { objects: byVariant(outcome.output), outcome }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function writeChanged(folder: string, { file, from, to }: Change): void {
  cpSync(CHART, folder, { recursive: true })
  const text = readFileSync(join(folder, file), 'utf8')
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
  writeFileSync(join(folder, file), text.replace(from, to))
  const chart = readFileSync(join(folder, 'Chart.yaml'), 'utf8')
  writeFileSync(join(folder, 'Chart.yaml'), chart.replace(/^name: .*$/m, `name: ${CHANGED}`))
}

function byVariant(output: string): Variants['objects'] {
  const texts = new Map<string, string[]>()
  for (const document of output.split(/^---\n/m)) {
    const name = /^# Source: variants\/charts\/([^/]+)\//.exec(document)?.[1]
    if (name !== undefined) texts.set(name, [...(texts.get(name) ?? []), document])
  }
  return new Map([...texts].map(([name, documents]) => [name, objectsOf(documents.join('---\n'))]))
}
