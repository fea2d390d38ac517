import { ConfigError, type FlagValues } from '@clymene/model'

import type { agentFlags } from './flags.ts'

/** One of `count` agents that divide the targets of one configuration between them. */
export type Shard = { readonly index: number; readonly count: number }

/**
 * Which part of the targets is this agent's. The index is a number or a name that ends with `-<number>`, as those of a StatefulSet's pods do.
 *
 * @throws ConfigError when several share and the index is none of theirs.
 */
export function readShard(values: FlagValues<Pick<typeof agentFlags, 'agent.shard.count' | 'agent.shard.index'>>): Shard {
  const [count, text] = [values['agent.shard.count'], values['agent.shard.index']]
  const index = Number(/^(?:.*-)?(\d{1,6})$/s.exec(text)?.[1])
  if (count === 1 && text === '') return { index: 0, count }
  if (index < count) return { index, count }
  throw new ConfigError(
    `--agent.shard.index=${JSON.stringify(text)}: expected a number below --agent.shard.count=${count}, or a name that ends with -<number> such as clymene-agent-0`,
  )
}
