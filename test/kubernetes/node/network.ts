import { execFile } from 'node:child_process'
import { readlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Addresses of a cluster whose network is 10.x.0.0/16: machines in the first /24, each node's pods in a /24 of their own, Services above. */
export const addressing = (octet: number) => ({
  controlPlane: `10.${octet}.0.1`,
  /** This machine, outside of the cluster. */
  outside: `10.${octet}.0.254`,
  node: (index: number) => `10.${octet}.0.${index + 2}`,
  podNetwork: (index: number) => `10.${octet}.${index + 1}.0/24`,
  podGateway: (index: number) => `10.${octet}.${index + 1}.1`,
  pod: (index: number, number: number) => `10.${octet}.${index + 1}.${number + 2}`,
  services: `10.${octet}.128.0/20`,
  dns: `10.${octet}.128.10`,
})

/** Runs lines of ip(8), one after another; with `within`, in the network namespace of that process. */
export async function ip(lines: readonly string[], within?: number): Promise<void> {
  const entered = within === undefined ? [] : ['nsenter', `--net=/proc/${within}/ns/net`]
  const [command, ...args] = [...entered, 'ip', '-batch', '-']
  const child = run(command, args)
  child.child.stdin?.end(`${lines.join('\n')}\n`)
  await child
}

/** The node's own side: its address, the bridge of its pods, the ways to other nodes' pods; ClusterIPs end here, at the proxy. */
export async function setUpNode(octet: number, index: number, nodes: number): Promise<void> {
  const { node, outside, podGateway, podNetwork, services } = addressing(octet)
  // The other end is put in from outside.
  while (!(await hasLink('eth0'))) await sleep(20)
  await ip([
    'link set lo up',
    `addr add ${node(index)}/24 dev eth0`,
    'link set eth0 up',
    `route add default via ${outside}`,
    'link add cni0 type bridge',
    `addr add ${podGateway(index)}/24 dev cni0`,
    'link set cni0 up',
    `route add local ${services} dev lo`,
    ...Array.from({ length: nodes }, (_, other) => other)
      .filter((other) => other !== index)
      .map((other) => `route add ${podNetwork(other)} via ${node(other)}`),
  ])
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1')
}

/** A pod's namespace, which is that of process `sandbox`: eth0 on the node's bridge. */
export async function connectPod(octet: number, index: number, number: number, sandbox: number): Promise<string> {
  const { pod, podGateway } = addressing(octet)
  await ip([`link add pod${number} type veth peer name eth0 netns ${sandbox}`, `link set pod${number} master cni0 up`])
  await ip(
    ['link set lo up', `addr add ${pod(index, number)}/24 dev eth0`, 'link set eth0 up', `route add default via ${podGateway(index)}`],
    sandbox,
  )
  return pod(index, number)
}

/** The id of a process started by `unshare --net`, once it is in its own network namespace. */
export async function unshared({ pid = 0 }: { readonly pid?: number | undefined }): Promise<number> {
  const namespaceOf = (process: number | 'self'): string => readlinkSync(`/proc/${process}/ns/net`)
  while (namespaceOf(pid) === namespaceOf('self')) await sleep(5)
  return pid
}

const hasLink = (name: string): Promise<boolean> =>
  run('ip', ['link', 'show', name]).then(
    () => true,
    () => false,
  )
