import type { Pod } from '../objects.ts'
import { addressing } from './network.ts'

/** The files under /etc that tell a container who it is and how it finds others. */
export function etcOf(pod: Pod, hostname: string, address: string, octet: number): Record<string, string> {
  const { hostNetwork = false, dnsPolicy = 'ClusterFirst' } = pod.spec
  const findsServices = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork)
  const search = `${pod.metadata.namespace}.svc.cluster.local svc.cluster.local cluster.local`
  return {
    hosts: `127.0.0.1 localhost\n::1 localhost\n${address} ${hostname}\n`,
    hostname: `${hostname}\n`,
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
    // A node of these tests has no name server of its own.
    'resolv.conf': findsServices ? `nameserver ${addressing(octet).dns}\nsearch ${search}\noptions ndots:5\n` : '',
    passwd: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
    group: 'root:x:0:\nnogroup:x:65534:\n',
  }
}
