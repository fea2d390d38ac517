/**
 * Writes what of the chart stands elsewhere already: its files of jobs from the manifests, its version from package.json, and in docs/helm.md the
 * lists of values from the comments in values.yaml. A test fails when what is committed differs: `npm run chart`.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { parseFiles, readFiles, root } from '../manifests/manifest-files.ts'
import { valueRows, valuesLists } from './values-page.ts'

const CHART = 'k8s/helm/clymene'

/** Files of the chart, and the file, ConfigMap and key that they are the text of. */
const JOBS = [
  ['clymene.yml', 'k8s/clymene-metrics/2.clymene_agent.yaml', 'clymene.yml'],
  ['promtail.yaml', 'k8s/clymene-logs/1.clymene-promtail_agent.yaml', 'promtail.yaml'],
  ['journal.yaml', 'k8s/components/journal/job.yaml', 'job'],
] as const

/** Text of each file by its path. */
export function generate(): ReadonlyMap<string, string> {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  const { version } = JSON.parse(read('package.json'))
  const lists = valuesLists(valueRows(read(`${CHART}/values.yaml`)))
  const page = read('docs/helm.md').replace(/(?<=<!-- values -->\n).*(?=<!-- end of values -->)/s, () => `\n${lists}\n\n`)
  return new Map([
    ...JOBS.map(([file, manifest, key]) => [`${CHART}/files/${file}`, jobsOf(manifest, key)] as const),
    [`${CHART}/Chart.yaml`, read(`${CHART}/Chart.yaml`).replaceAll(/^(version|appVersion): .*$/gm, `$1: ${version}`)],
    ['docs/helm.md', formatted('docs/helm.md', page)],
  ])
}

function jobsOf(manifest: string, key: string): string {
  const found = parseFiles(readFiles([manifest])).flatMap(({ object: { data } }) => data?.[key] ?? [])
  if (found.length !== 1) throw new Error(`${manifest} has ${found.length} texts ${key}`)
  return found[0] ?? ''
}

/** @throws Error when the formatter refuses the text. */
function formatted(path: string, text: string): string {
  const command = [join(root, 'node_modules/oxfmt/bin/oxfmt'), `--stdin-filepath=${path}`]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, input: text, encoding: 'utf8' })
  if (status !== 0) throw new Error(`oxfmt ${path}: ${stderr}`)
  return stdout
}

if (import.meta.main) for (const [path, text] of generate()) writeFileSync(join(root, path), text)
