import { expect, test } from 'vitest'

import { FILE_SYSTEMS, NICS } from './node-selectors.ts'

/** What a `!~` of a selector leaves out; Prometheus anchors it. */
const leftOut = (selector: string): RegExp => new RegExp(`^(?:${/!~"(.*)"$/.exec(selector)?.[1]})$`)

test.each([
  'eth0',
  'eth1',
  'eno1',
  'ens5',
  'enp0s3',
  'enP1s1',
  'enx001122334455',
  'end0',
  'em1',
  'bond0',
  'bond0.100',
  'team0',
  'ib0',
  'wlan0',
  'br0',
])('%s is an interface of the node', (device) => {
  expect(device).not.toMatch(leftOut(NICS))
})

const OF_CONTAINER_NETWORKS = `
  lo veth1a2b cali12ab eni0a1b2c3d4e5 gke52cb2d1 azv7a8b9c lxc12 lxc_health ovn-k8s-mp0 tunl0 vxlan.calico
  vxlan-6784 flannel.1 flannel-wg genev_sys_6081 cilium_vxlan cilium_host cni0 cbr0 docker0 br-0a1b2c br-int
  ovs-system antrea-gw0 weave nodelocaldns kube-ipvs0 kube-bridge dummy0 ifb0 azure0 sit0 ip6tnl0
  gre0 gretap0 erspan0 ip_vti0 wireguard.cali wg0
`

test.each(OF_CONTAINER_NETWORKS.trim().split(/\s+/))('%s is not', (device) => {
  expect(device).toMatch(leftOut(NICS))
})

test.each([
  ...(['ext4', 'xfs', 'btrfs', 'zfs', 'nfs4'] as const).map((type) => [type, true] as const),
  ...(['tmpfs', 'ramfs', 'squashfs', 'erofs', 'iso9660', 'vfat'] as const).map((type) => [type, false] as const),
])('room on a file system of type %s is looked at: %s', (type, looked) => {
  expect(!leftOut(FILE_SYSTEMS).test(type)).toBe(looked)
})
