import { dirname, join } from 'node:path'

/** One thing that is put into a container's root. */
export type Mount = { readonly from: string; readonly to: string; readonly readOnly: boolean }

export type RootOptions = {
  /** An empty folder of this machine: the container's root is built on it, in a mount namespace of its own. */
  readonly root: string
  readonly mounts: readonly Mount[]
  /** Folders that exist, empty, owned by the user. */
  readonly folders: readonly string[]
  readonly readOnly: boolean
  readonly hostname?: string
  /** Files under /etc. */
  readonly etc: Readonly<Record<string, string>>
  readonly user: number
  readonly group: number
  readonly groups: readonly number[]
  /** Names as `CHOWN`; all others are taken away for good. */
  readonly capabilities: readonly string[]
  readonly noNewPrivileges: boolean
  readonly privileged: boolean
  readonly directory: string
  readonly command: readonly string[]
}

/** What Debian's programs need of this machine; nothing else of it is seen. */
const SYSTEM = ['/usr/bin', '/usr/sbin', '/usr/lib', '/usr/lib64', '/usr/share', '/etc/ssl', '/etc/alternatives']
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty']

/**
 * A script for sh(1) that makes the root, goes into it and becomes the container's program: as its user, with its
 * capabilities. It runs in new namespaces of mounts, names and (unless it is the node's) processes.
 */
export function rootScript(options: RootOptions): string {
  const { root, mounts, user, group, groups, capabilities } = options
  const at = (path: string): string => quote(join(root, path))
  const lines = [
    'set -e',
    `mount -t tmpfs -o mode=0755 root ${quote(root)}`,
    `cd ${quote(root)}`,
    'mkdir -p proc sys dev/shm dev/pts run tmp var/log var/lib usr/local/bin etc root home',
    'chmod 1777 tmp',
    ...['bin', 'sbin', 'lib', 'lib64'].map((name) => `ln -s usr/${name} ${name}`),
    ...SYSTEM.flatMap((path) => {
      const inside = mounts.filter(({ to }) => to.startsWith(`${path}/`)).map(({ to }) => to)
      if (inside.length === 0)
        return [`if [ -e ${path} ]; then mkdir -p ${at(path)}; mount --rbind ${path} ${at(path)}; ${readOnly(at(path))}; fi`]
      // An image has folders there that this machine has not: they are laid over it, empty.
      const over = at(`.over${path}`)
      return [
        `mkdir -p ${at(path)} ${over} ${inside.map((to) => at(`.over${to}`)).join(' ')}`,
        `mount -t overlay -o lowerdir=${over}:${path} overlay ${at(path)}`,
      ]
    }),
    'mount -t proc proc proc',
    `mount --rbind /sys sys && ${readOnly('sys')}`,
    ...DEVICES.map((name) => `touch dev/${name}; mount --bind /dev/${name} dev/${name}`),
    'mount -t tmpfs -o mode=1777 shm dev/shm',
    'ln -s /proc/self/fd dev/fd; ln -s /proc/self/fd/0 dev/stdin; ln -s /proc/self/fd/1 dev/stdout; ln -s /proc/self/fd/2 dev/stderr',
    ...Object.entries(options.etc).map(([name, text]) => `printf %s ${quote(text)} > ${at(`etc/${name}`)}`),
    ...options.folders.map((path) => `mkdir -p ${at(path)}; chown ${user}:${group} ${at(path)}`),
    ...mounts.flatMap(({ from, to, readOnly: isReadOnly }) => [
      `mkdir -p ${at(dirname(to))}`,
      `if [ -d ${quote(from)} ]; then mkdir -p ${at(to)}; else [ -e ${at(to)} ] || touch ${at(to)}; fi`,
      `mount --rbind ${quote(from)} ${at(to)}`,
      ...(isReadOnly ? [readOnly(at(to))] : []),
    ]),
    `mkdir -p ${at(options.directory)}`,
    ...(options.readOnly ? [`mount -o remount,ro ${quote(root)}`] : []),
    ...(options.hostname === undefined ? [] : [`hostname ${quote(options.hostname)}`]),
  ]
  const bounding = options.privileged
    ? []
    : [`--bounding-set=${['-all', ...capabilities.map((name) => `+${name.toLowerCase()}`)].join(',')}`]
  const become = [
    'env',
    '-C',
    options.directory,
    'setpriv',
    `--reuid=${user}`,
    `--regid=${group}`,
    groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
    '--inh-caps=-all',
    ...bounding,
    ...(options.noNewPrivileges ? ['--no-new-privs'] : []),
    // Who it runs as was changed: what ends it together with its parent has to be asked for again.
    '--pdeathsig=KILL',
    '--',
    ...options.command,
  ]
  return [...lines, `exec chroot . ${become.map(quote).join(' ')}`].join('\n')
}

const readOnly = (path: string): string => `mount -o remount,bind,ro ${path}`

/** For sh(1). */
export const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
