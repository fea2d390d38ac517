import { existsSync } from 'node:fs'

import { cached } from './cache.ts'
import { goInstall } from './go-install.ts'

const VERSION = '5.8.2'
const cachedName = `bin/kustomize-${VERSION}`
export const kustomizeProgram = cached(cachedName)

export const isKustomizeInstalled = (): boolean => existsSync(kustomizeProgram)

/** The program of its own; kubectl has one built in, of another version. Half a CPU-minute. */
export const installKustomize = (): Promise<void> =>
  goInstall(cachedName, { package: 'sigs.k8s.io/kustomize/kustomize/v5', version: VERSION })
