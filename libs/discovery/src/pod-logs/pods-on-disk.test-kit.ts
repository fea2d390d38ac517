import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder like `/var/log` of a node. */
export function createPodsOnDisk() {
  const root = mkdtempSync(join(tmpdir(), 'clymene-pods-on-disk-'))
  mkdirSync(join(root, 'pods'))
  mkdirSync(join(root, 'containers'))
  const fileOf = (folder: string, container: string): string => join(root, 'pods', folder, container, '0.log')
  return {
    root,
    /** As a kubelet makes it. @returns the glob of its files */
    add: (folder: string, container: string): string => {
      mkdirSync(join(root, 'pods', folder, container), { recursive: true })
      writeFileSync(fileOf(folder, container), '')
      return join(root, 'pods', folder, container, '*.log')
    },
    /** A link to a file, by default that of the pod's folder. @returns its path */
    link: (name: string, target: string): string => {
      const path = join(root, 'containers', name)
      symlinkSync(target, path)
      return path
    },
    fileOf,
    remove: (folder: string): void => rmSync(join(root, 'pods', folder), { recursive: true, force: true }),
    close: (): void => rmSync(root, { recursive: true, force: true }),
  }
}

export const UID = '0a1b2c3d-0000-4000-8000-000000000001'
