import { fstatSync, readFileSync } from 'node:fs'

import type { Logger } from '@clymene/model'

import type { Place } from './siblings.ts'

/**
 * Whether a file is this program's own log. It is never read: what is said about reading would be read, and said about, for ever. It is the file
 * that standard output or standard error goes to, or, in a container, the one that the runtime writes of it.
 *
 * @param realPath of the file, links followed.
 */
export type OwnLog = (realPath: string, place: Place) => boolean

/** @param mountinfo the text of `/proc/self/mountinfo` */
export function createOwnLog(mountinfo: string = readMounts(), descriptors: readonly number[] = [1, 2]): OwnLog {
  const written = new Set(descriptors.flatMap(fileOf))
  const folders = foldersOf(mountinfo)
  return (realPath, { device, inode }) => written.has(`${device}:${inode}`) || folders.some((pattern) => pattern.test(realPath))
}

/** Says once of each path that it is left out. A path stays the program's own when another file takes the name. */
export function tellOnce(isOwnLog: OwnLog, logger: Logger): (path: string, realPath: string, place: Place) => boolean {
  const told = new Set<string>()
  return (path, realPath, place) => {
    if (told.has(path)) return true
    if (!isOwnLog(realPath, place)) return false
    told.add(path)
    logger.info("this program's own log is not read: what it says of reading would be read again", { path })
    return true
  }
}

/**
 * Where the kubelet and the runtime keep files of this container shows in what is mounted into it (proc(5): the fourth field is the place within
 * its file system, the fifth the mount point): `/var/lib/kubelet/pods/<uid>/containers/<name>/<id>` at `/dev/termination-log`,
 * `/var/lib/docker/containers/<id>/hostname` at `/etc/hostname`.
 */
function foldersOf(mountinfo: string): readonly RegExp[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [, , , root = '', point = ''] = line.split(' ')
    const pod = point === '/dev/termination-log' ? /\/pods\/([^/]+)\/containers\/([^/]+)\/[^/]+$/.exec(root) : null
    if (pod !== null) return [new RegExp(`/pods/[^/]*_${quoted(pod[1] ?? '')}/${quoted(pod[2] ?? '')}/[^/]+$`)]
    const docker = point === '/etc/hostname' ? /\/containers\/([0-9a-f]{64})\/hostname$/.exec(root) : null
    return docker === null ? [] : [new RegExp(`/containers/${docker[1]}/[^/]+$`)]
  })
}

const quoted = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

function fileOf(descriptor: number): readonly string[] {
  try {
    const stat = fstatSync(descriptor, { bigint: true })
    return stat.isFile() ? [`${stat.dev}:${stat.ino}`] : []
  } catch {
    return []
  }
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    return ''
  }
}
