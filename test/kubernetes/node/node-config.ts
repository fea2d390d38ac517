import type { ApiAccess } from '../api.ts'
import type { Images } from '../images.ts'
import type { Taint } from '../objects.ts'

/** What a node is told when it starts. */
export type NodeConfig = {
  readonly name: string
  readonly octet: number
  readonly index: number
  /** How many nodes the cluster has. */
  readonly nodes: number
  readonly access: ApiAccess
  readonly version: string
  readonly directory: string
  readonly images: Images
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly Taint[]
}
