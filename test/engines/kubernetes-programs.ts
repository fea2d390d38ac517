import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { cached, makeCached } from './cache.ts'
import { isOnPath, runCommand } from './run-command.ts'

const source = join(import.meta.dirname, 'kubernetes')
const goMod = readFileSync(join(source, 'go.mod'), 'utf8')
const versionOf = (module: string): string => new RegExp(`${module} v(\\S+)`).exec(goMod)?.[1] ?? 'unknown'
const KUBERNETES = versionOf('k8s.io/kubernetes')

/** By the name of the program: its package, and the module whose version it carries. */
const programs = {
  etcd: { package: 'go.etcd.io/etcd/server/v3', version: versionOf('go.etcd.io/etcd/server/v3') },
  'kube-apiserver': { package: 'k8s.io/kubernetes/cmd/kube-apiserver', version: KUBERNETES },
  'kube-controller-manager': { package: 'k8s.io/kubernetes/cmd/kube-controller-manager', version: KUBERNETES },
  kubectl: { package: 'k8s.io/kubernetes/cmd/kubectl', version: KUBERNETES },
} as const
export type Program = keyof typeof programs
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a literal
const programNames = Object.keys(programs) as Program[]

const cachedName = (name: Program): string => `bin/${name}-${programs[name].version}`
export const kubernetesProgram = (name: Program): string => cached(cachedName(name))

export const isKubernetesInstalled = (): boolean => programNames.every((name) => existsSync(kubernetesProgram(name)))

/** Builds the four programs from their Go modules, about 13 CPU-minutes; go.mod and go.sum here pin every module. */
export async function installKubernetes(): Promise<void> {
  if (!(await isOnPath('go'))) throw new Error('Kubernetes is built by the Go toolchain, 1.21 or newer, and there is no go here')
  const [major, minor] = KUBERNETES.split('.')
  const settings = { gitVersion: `v${KUBERNETES}`, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' }
  const setVersion = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((owner) =>
    Object.entries(settings).map(([name, value]) => `-X ${owner}.${name}=${value}`),
  )
  for (const name of programNames.filter((program) => !existsSync(kubernetesProgram(program)))) {
    await makeCached(cachedName(name), async (target) => {
      await runCommand(
        'nice',
        ['-n', '5', 'go', 'build', '-trimpath', '-ldflags', ['-s -w', ...setVersion].join(' '), '-o', target, programs[name].package],
        { directory: source, environment: { CGO_ENABLED: '0' } },
      )
    })
  }
}
