import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { cached, makeCached } from './cache.ts'
import { makeDataDirectory } from './data-directory.ts'
import { isOnPath, runCommand } from './run-command.ts'

const MODULE = 'github.com/cert-manager/cert-manager'
const VERSION = '1.20.0'
/** Of the module's content: what the checksum database of Go has for it. */
const SUM = 'h1:czZamsFJ1YdKPhpv+SopJZN9t3W68vQBnFYUevSHGqY='
const FILES = ['cert-manager.io_certificates.yaml', 'cert-manager.io_issuers.yaml']
const cachedName = `cert-manager-crds-${VERSION}`

/** Definitions of the kinds Certificate and Issuer. */
export const certManagerCrds: readonly string[] = FILES.map((file) => cached(cachedName, file))

export const areCertManagerCrdsInstalled = (): boolean => existsSync(cached(cachedName))

/** From the Go module of cert-manager, 4 MB; nothing is built. */
export async function installCertManagerCrds(): Promise<void> {
  if (!(await isOnPath('go'))) throw new Error('the CRDs of cert-manager come from its Go module, and there is no go here')
  const directory = makeDataDirectory('cert-manager')
  try {
    const answer = await runCommand('go', ['mod', 'download', '-json', `${MODULE}@v${VERSION}`], { directory })
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what `go help mod download` says
    const { Dir: folder, Sum: sum } = JSON.parse(answer) as { readonly Dir: string; readonly Sum: string }
    if (sum !== SUM) throw new Error(`${MODULE} v${VERSION} has the sum ${sum}, expected ${SUM}`)
    await makeCached(cachedName, async (path) => {
      mkdirSync(path)
      for (const file of FILES) {
        const source = join(folder, 'deploy/crds', file)
        if (!readFileSync(source, 'utf8').includes('kind: CustomResourceDefinition')) throw new Error(`${source} has no CRD`)
        copyFileSync(source, join(path, file))
      }
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
