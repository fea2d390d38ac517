import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { makeDataDirectory } from '../engines/data-directory.ts'
import type { CommandOutcome } from '../engines/index.ts'
import { outcomeOf } from '../engines/kubernetes-command.ts'
import { kubernetesProgram } from '../engines/kubernetes-programs.ts'
import { type Cluster, startCluster } from '../kubernetes/cluster.ts'
import { makeImages } from '../kubernetes/clymene-images.ts'

/** Two clusters, and a copy of what a reader of the guide has. */
export type GuideWorld = {
  readonly main: Cluster
  readonly target: Cluster
  /** A copy of k8s/ and grafana/: what the guide edits is edited there. */
  readonly checkout: string
  /** Changes a file of the copy; the text must be there. */
  readonly edit: (file: string, from: string | RegExp, to: string) => void
  /** Runs a line of the guide as a reader would, at the root of the copy, with kubectl on the PATH and contexts `main` and `target`. */
  readonly shell: (line: string) => Promise<CommandOutcome>
  readonly stop: () => Promise<void>
}

export const CONTROL_PLANE = 'main-control-plane'
export const WORKER = 'main-worker'
export const TARGET_NODE = 'target-node'

const repository = join(import.meta.dirname, '../..')

export async function startGuideWorld(): Promise<GuideWorld> {
  const directory = makeDataDirectory('guide')
  const started: { stop: () => Promise<void> }[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.splice(0).map((one) => one.stop()))
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const checkout = join(directory, 'checkout')
    for (const folder of ['k8s', 'grafana']) cpSync(join(repository, folder), join(checkout, folder), { recursive: true })
    const bin = join(directory, 'bin')
    mkdirSync(bin)
    symlinkSync(kubernetesProgram('kubectl'), join(bin, 'kubectl'))
    const images = makeImages(join(directory, 'images'))
    const keep = async <T extends { stop: () => Promise<void> }>(one: Promise<T>): Promise<T> => {
      started.push(await one)
      return one
    }
    const role = 'node-role.kubernetes.io/control-plane'
    const controlPlane = { name: CONTROL_PLANE, labels: { [role]: '' }, taints: [{ key: role, effect: 'NoSchedule' }] }
    const starting = [
      keep(startCluster({ images, nodes: [controlPlane, { name: WORKER }] })),
      keep(startCluster({ images, nodes: [{ name: TARGET_NODE }] })),
    ] as const
    // Whatever fails, what is still starting is stopped too.
    await Promise.allSettled(starting)
    const [main, target] = await Promise.all(starting)
    const kubeconfig = join(directory, 'kubeconfig')
    writeFileSync(kubeconfig, contextsOf({ main, target }))
    return {
      main,
      target,
      checkout,
      edit: (file, from, to) => {
        const before = readFileSync(join(checkout, file), 'utf8')
        const after = before.replaceAll(typeof from === 'string' ? from : new RegExp(from, 'g'), to)
        if (after === before) throw new Error(`${file} has nothing like ${String(from)}`)
        writeFileSync(join(checkout, file), after)
      },
      shell: (line) =>
        outcomeOf('bash', ['-euo', 'pipefail', '-c', line], {
          directory: checkout,
          environment: {
            KUBECONFIG: kubeconfig,
            PATH: `${bin}${delimiter}${process.env['PATH']}`,
            HOME: directory,
            GOGC: '300',
          },
        }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A kubeconfig with a context for each cluster, as its administrator. */
function contextsOf(clusters: Readonly<Record<string, Cluster>>): string {
  const inline = (file: string): string => readFileSync(file).toString('base64')
  const entries = Object.entries(clusters)
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: entries.map(([name, { kubernetes }]) => ({
      name,
      cluster: { server: kubernetes.url, 'certificate-authority-data': inline(kubernetes.caFile) },
    })),
    users: entries.map(
      ([
        name,
        {
          kubernetes: { admin },
        },
      ]) => ({
        name,
        user: { 'client-certificate-data': inline(admin.certificate), 'client-key-data': inline(admin.key) },
      }),
    ),
    contexts: entries.map(([name]) => ({ name, context: { cluster: name, user: name } })),
  })
}
