import { type Collector, single } from './family.ts'

export const time: Collector = {
  name: 'time',
  collect: () => Promise.resolve([single('gauge', 'node_time_seconds', 'System time in seconds since epoch (1970).', Date.now() / 1000)]),
}
