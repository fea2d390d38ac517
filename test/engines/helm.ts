import { existsSync } from 'node:fs'

import { cached } from './cache.ts'
import { goInstall } from './go-install.ts'

const VERSION = '4.3.1'
const cachedName = `bin/helm-${VERSION}`
export const helmProgram = cached(cachedName)

export const isHelmInstalled = (): boolean => existsSync(helmProgram)

/** Helm 4, about 4 CPU-minutes. */
export const installHelm = (): Promise<void> =>
  goInstall(cachedName, {
    package: 'helm.sh/helm/v4/cmd/helm',
    version: VERSION,
    variables: { 'helm.sh/helm/v4/internal/version.version': `v${VERSION}` },
  })
