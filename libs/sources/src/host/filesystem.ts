import { statfs } from 'node:fs/promises'
import { join } from 'node:path'

import type { Collector, Family } from './family.ts'
import { linesOf, readText, readTextIfAny, wordsOf } from './proc-file.ts'

export type Mount = { readonly device: string; readonly mountpoint: string; readonly fstype: string; readonly readonly: boolean }

/** Of a mount, bytes and files; undefined when the kernel did not say in time. */
export type MountUsage = {
  readonly sizeBytes: number
  readonly freeBytes: number
  readonly availableBytes: number
  readonly files: number
  readonly filesFree: number
}

/** Debian's defaults of node-exporter. */
const MOUNTS_EXCLUDED = /^\/(?:dev|proc|run|sys|mnt|media|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)(?:$|\/)/
const TYPES_EXCLUDED = new Set(
  `autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs fusectl hugetlbfs iso9660 mqueue nsfs overlay proc procfs
  pstore rpc_pipefs securityfs selinuxfs squashfs sysfs tracefs`.split(/\s+/),
)

/** /proc/mounts: device, mount point, type, options; blanks in the first two as octal escapes. @see fstab(5) */
export function parseMounts(mounts: string): Mount[] {
  const seen = new Map<string, Mount>()
  for (const line of linesOf(mounts)) {
    const [device = '', mountpoint = '', fstype = '', options = ''] = wordsOf(line).map(unescapeOctal)
    if (MOUNTS_EXCLUDED.test(mountpoint) || TYPES_EXCLUDED.has(fstype)) continue
    const mount = { device, mountpoint, fstype, readonly: options.split(',').includes('ro') }
    seen.set(JSON.stringify([device, mountpoint, fstype]), mount)
  }
  return [...seen.values()]
}

const unescapeOctal = (text: string): string =>
  text.replaceAll(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))

export function filesystemFamilies(usages: readonly (readonly [Mount, MountUsage | undefined])[]): Family[] {
  const family = (name: string, help: string, value: (mount: Mount, usage: MountUsage | undefined) => number | undefined): Family => ({
    name: `node_filesystem_${name}`,
    type: 'gauge',
    help,
    samples: usages.flatMap(([mount, usage]) => {
      const { device, fstype, mountpoint } = mount
      const found = value(mount, usage)
      if (found === undefined) return []
      return [
        {
          labels: [
            ['device', device],
            ['fstype', fstype],
            ['mountpoint', mountpoint],
          ] as const,
          value: found,
        },
      ]
    }),
  })
  return [
    family('avail_bytes', 'Filesystem space available to non-root users in bytes.', (_, usage) => usage?.availableBytes),
    family('device_error', 'Whether an error occurred while getting statistics for the given device.', (_, usage) =>
      usage === undefined ? 1 : 0,
    ),
    family('files', 'Filesystem total file nodes.', (_, usage) => usage?.files),
    family('files_free', 'Filesystem total free file nodes.', (_, usage) => usage?.filesFree),
    family('free_bytes', 'Filesystem free space in bytes.', (_, usage) => usage?.freeBytes),
    family('readonly', 'Filesystem read-only status.', (mount, usage) => (usage === undefined ? undefined : Number(mount.readonly))),
    family('size_bytes', 'Filesystem size in bytes.', (_, usage) => usage?.sizeBytes),
  ].filter(({ samples }) => samples.length > 0)
}

/** A mount whose server is away holds one of libuv's four threads until it answers: no more than this many are waited for. */
const MAX_STUCK = 2
const TIME_LIMIT_MS = 2000

export type MountReader = (path: string) => Promise<MountUsage | undefined>

/** Reads the usage of a mount within a time limit, and asks no mount again that has not answered yet. */
export function createMountReader(read: (path: string) => Promise<MountUsage> = readUsage, timeLimitMs = TIME_LIMIT_MS): MountReader {
  const stuck = new Set<string>()
  return async (path) => {
    if (stuck.has(path) || stuck.size >= MAX_STUCK) return undefined
    stuck.add(path)
    let timer: NodeJS.Timeout | undefined
    const timeLimit = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, timeLimitMs, undefined)
    })
    const answer = read(path)
      .catch(() => undefined)
      .finally(() => stuck.delete(path))
    return Promise.race([answer, timeLimit]).finally(() => clearTimeout(timer))
  }
}

async function readUsage(path: string): Promise<MountUsage> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path)
  return { sizeBytes: blocks * bsize, freeBytes: bfree * bsize, availableBytes: bavail * bsize, files, filesFree: ffree }
}

export function createFilesystem(readMount: MountReader = createMountReader()): Collector {
  return {
    name: 'filesystem',
    collect: async ({ proc, rootfs }) => {
      const mounts = parseMounts((await readTextIfAny(join(proc, '1/mounts'))) ?? (await readText(join(proc, 'mounts'))))
      const usages: [Mount, MountUsage | undefined][] = []
      for (const mount of mounts) usages.push([mount, await readMount(join(rootfs, mount.mountpoint))])
      return filesystemFamilies(usages)
    },
  }
}
