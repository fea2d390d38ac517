import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'

import { cached, makeCached } from './cache.ts'
import { makeDataDirectory } from './data-directory.ts'
import { isOnPath, runCommand } from './run-command.ts'

/** Kinds that are no part of Kubernetes: from the Go modules of those who define them, 4 MB each; nothing is built. */
const MODULES = [
  {
    module: 'github.com/cert-manager/cert-manager@v1.20.0',
    /** Of the module's content: what the checksum database of Go has for it. */
    sum: 'h1:czZamsFJ1YdKPhpv+SopJZN9t3W68vQBnFYUevSHGqY=',
    files: ['deploy/crds/cert-manager.io_certificates.yaml', 'deploy/crds/cert-manager.io_issuers.yaml'],
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
    files: ['example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml'],
  },
] as const
const cachedName = 'custom-resources-1'

/** Definitions of the kinds Certificate, Issuer and PrometheusRule. */
export const customResources: readonly string[] = MODULES.flatMap(({ files }) => files.map((file) => cached(cachedName, basename(file))))

export const areCustomResourcesInstalled = (): boolean => existsSync(cached(cachedName))

export async function installCustomResources(): Promise<void> {
  if (!(await isOnPath('go'))) throw new Error('definitions of custom resources come from Go modules, and there is no go here')
  await makeCached(cachedName, async (path) => {
    mkdirSync(path)
    for (const one of MODULES) await copyFrom(one, path)
  })
}

async function copyFrom({ module, sum, files }: (typeof MODULES)[number], path: string): Promise<void> {
  const directory = makeDataDirectory('custom-resources')
  try {
    const answer = await runCommand('go', ['mod', 'download', '-json', module], { directory })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `go help mod download` says
    const found = JSON.parse(answer) as { readonly Dir: string; readonly Sum: string }
    if (found.Sum !== sum) throw new Error(`${module} has the sum ${found.Sum}, expected ${sum}`)
    for (const file of files) {
      const source = join(found.Dir, file)
      if (!readFileSync(source, 'utf8').includes('kind: CustomResourceDefinition')) throw new Error(`${source} has no CRD`)
      copyFileSync(source, join(path, basename(file)))
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
