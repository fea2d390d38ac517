import { hash } from 'node:crypto'

import type { TargetUrl } from './target-url.ts'

/** Of several agents with the same configuration each scrapes the targets of its shard. */
export type Shard = { readonly index: number; readonly count: number }

/**
 * Whether a target belongs to the shard: the last eight bytes of the MD5 of its URL, as a big-endian number, modulo `count`, which is what
 * the relabel action `hashmod` makes of a text. It follows from what relabel_configs leave of the target alone, so all agents
 * agree, whatever they have discovered and in whichever order. The whole URL counts and not only `__address__`: the many targets of one
 * exporter that probes others have one address, and are divided too.
 */
export function isOfShard(url: TargetUrl, { index, count }: Shard): boolean {
  if (count <= 1) return true
  const digest = hash('md5', url.origin + url.path, 'buffer')
  return Number(digest.readBigUInt64BE(8) % BigInt(count)) === index
}
