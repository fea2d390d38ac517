/** Of node-exporter, of the kubelet and of cAdvisor: the jobs give each the node's name as `instance`. */
export const NODE = 'cluster="$cluster",instance="$node"'

/** Of kube-state-metrics. */
export const KUBE_NODE = 'cluster="$cluster",node="$node"'

/** Of cAdvisor, without its series of pods as a whole and, under Docker, of what holds their network. */
export const CONTAINERS = `${NODE},container!="",container!="POD"`

/** By the name that each network plug-in gives the node's end of a pod's cable (`eni.*` is Amazon's, eno, enp and ens are real ones). */
const CABLES = 'veth.*|cali.*|lxc.*|eni.*|gke.*|azv.*|ovn.*|vnet.*|tap.*'
const BRIDGES = 'br-.*|cni.*|cbr.*|docker.*|podman.*|virbr.*|ovs-.*|antrea.*|weave.*|cilium.*|kube-.*|azure.*|nodelocaldns|dummy.*|ifb.*'
const TUNNELS = 'tunl.*|vxlan.*|flannel.*|genev.*|gre.*|erspan.*|sit.*|ip6.*|ip_vti.*|wireguard.*|wg.*'

/** Network interfaces without what container networks add to a node: their traffic would be counted again. */
export const NICS = `${NODE},device!~"lo|${CABLES}|${BRIDGES}|${TUNNELS}"`

/** Without RAM disks, loops and optical drives; node-exporter itself leaves out partitions. */
export const DISKS = `${NODE},device!~"(ram|zram|loop|fd|sr)\\\\d+"`

/** Without what is no disk, images of a system that are full by nature, and what the firmware starts from (vfat). */
export const FILE_SYSTEMS = `${NODE},fstype!~"tmpfs|ramfs|squashfs|erofs|iso9660|vfat"`

/**
 * Used share of each file system, by two metrics that end so. Nothing can be written to one that is read-only, and the /usr of an
 * image-based system is made without room.
 */
export const usedShare = (free: string, total: string): string =>
  `(1 - node_filesystem_${free}{${FILE_SYSTEMS}} / node_filesystem_${total}{${FILE_SYSTEMS}})` +
  ` unless node_filesystem_readonly{${FILE_SYSTEMS}} == 1`
