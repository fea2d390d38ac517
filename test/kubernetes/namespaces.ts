import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

import type { Need } from '../engines/available.ts'
import { makeDataDirectory } from '../engines/data-directory.ts'
import { type Engine, startEngine } from '../engines/engine.ts'
import { addressing, ip, unshared } from './node/network.ts'

/** What a cluster needs of the machine. */
export const namespaces: Need = { name: 'namespaces', whyNot: whyNoNamespaces }

function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'network and mount namespaces need root'
  const script =
    'ip link add left type veth peer name right && ip link add lan type bridge && mount -t tmpfs t /mnt && setpriv --bounding-set=-all true'
  const { status, stderr, error } = spawnSync('unshare', [
    '--net',
    '--mount',
    '--uts',
    '--pid',
    '--fork',
    '--mount-proc',
    'sh',
    '-c',
    script,
  ])
  if (status === 0) return undefined
  return `namespaces cannot be made: ${error?.message ?? String(stderr).trim()}`
}

/** A process in new namespaces (options of unshare(1)); they are gone when it is. */
export async function startInNamespaces(
  name: string,
  kinds: readonly string[],
  command: readonly string[],
  prepare: (directory: string) => readonly string[] = () => [],
): Promise<Engine> {
  const directory = makeDataDirectory(name)
  const engine: Engine = await startEngine({
    name,
    url: '',
    directory,
    command: 'unshare',
    args: [...kinds, ...command, ...prepare(directory)],
    isReady: async () => true,
  })
  await unshared(engine)
  return {
    ...engine,
    get pid() {
      return engine.pid
    },
    stop: async () => {
      // unshare(1) does not pass a SIGTERM on, and there is nothing to end in order.
      await engine.kill()
      await engine.stop()
    },
  }
}

const [FIRST, LAST] = [64, 250]

/**
 * Finds a free 10.x.0.0/16 and joins it to this machine: in the network namespace of process `pid` the bridge of the
 * machines with the control plane's address, here the interface `clymenex` that leads there. Resolves with x.
 */
export async function joinNetwork(pid: number, nodes: number): Promise<number> {
  const octets = Array.from({ length: LAST - FIRST }, (_, index) => FIRST + ((index + process.pid) % (LAST - FIRST)))
  for (const octet of octets) {
    if (isRouted(octet)) continue
    const link = `clymene${octet}`
    // Only one process gets a name.
    if (!(await succeeds(ip([`link add ${link} type veth peer name uplink netns ${pid}`])))) continue
    const { controlPlane, node, outside, podNetwork } = addressing(octet)
    const routes = Array.from({ length: nodes }, (_, index) => `route add ${podNetwork(index)} via ${node(index)}`)
    await ip(
      [
        'link set lo up',
        'link add lan type bridge',
        'link set uplink master lan up',
        `addr add ${controlPlane}/24 dev lan`,
        'link set lan up',
        ...routes,
        `route add default via ${outside}`,
      ],
      pid,
    )
    await ip([`addr add ${outside}/24 dev ${link}`, `link set ${link} up`, ...routes])
    // From cluster to cluster the way leads through this machine.
    writeFileSync(`/proc/sys/net/ipv4/conf/${link}/forwarding`, '1')
    return octet
  }
  throw new Error('every network 10.x.0.0/16 is in use')
}

/** The first child of a process. */
export const childOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])

function isRouted(octet: number): boolean {
  const { stdout } = spawnSync('ip', ['-4', 'route', 'show', 'root', `10.${octet}.0.0/16`], { encoding: 'utf8' })
  return stdout.trim() !== ''
}

const succeeds = (work: Promise<void>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  )
