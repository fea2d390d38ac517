import type { FlagSet } from '@clymene/model'
import { flag } from '@clymene/runtime'

/** Only on the command line: `TARGET` or `AGENT` as a variable would be somebody else's. */
export const explainFlags = {
  target: flag.string(
    '',
    'Which target: its URL, or the value of any label before or after relabelling, such as its address or the name of its pod',
  ),
  job: flag.string('', 'Only targets of this job; without --target all of it, the first twenty are explained'),
  series: flag.string('', 'A series as the target exposes it, such as up{a="b"}: it is followed too'),
  agent: flag.string(
    '127.0.0.1:15691',
    'Admin address of the running agent that is asked, host:port or http(s)://host:port (with the path of a proxy before it)',
  ),
  'config.file': flag.file('', 'Scrape configuration to explain in place of asking an agent: its jobs discover their targets once'),
  cluster: flag.string('', 'With --config.file: --cluster of the agent'),
  streams: flag.int(1, 'With --config.file: --agent.streams of the agent', { min: 1, max: 256 }),
  shards: flag.int(1, 'With --config.file: --agent.shard.count of the agents', { min: 1, max: 10_000 }),
  live: flag.bool(false, 'With --config.file: scrapes the first target once and says what comes of it; nothing is sent'),
  json: flag.bool(false, 'For programs'),
  timeout: flag.duration('30s', 'Limit of the answer of the agent, or of what discovers targets'),
  'token-file': flag.file(
    '',
    'File with a token that is sent as Authorization: Bearer, for an admin port behind a proxy that asks for one',
  ),
} satisfies FlagSet
