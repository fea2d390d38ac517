import { join } from 'node:path'

import type { Collector, Family } from './family.ts'
import { linesOf, numberIn, readText, wordsOf } from './proc-file.ts'

/** Partitions and memory disks, as node-exporter leaves them out by default. */
const EXCLUDED = /^(?:ram|loop|fd|(?:h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/

const SECTOR_BYTES = 512
const MS = 1 / 1000

/** The columns after the device's name, in their order; later kernels have more of them. */
const COLUMNS: readonly (readonly [name: string, help: string, factor: number])[] = [
  ['reads_completed_total', 'The total number of reads completed successfully.', 1],
  ['reads_merged_total', 'The total number of reads merged.', 1],
  ['read_bytes_total', 'The total number of bytes read successfully.', SECTOR_BYTES],
  ['read_time_seconds_total', 'The total number of seconds spent by all reads.', MS],
  ['writes_completed_total', 'The total number of writes completed successfully.', 1],
  ['writes_merged_total', 'The number of writes merged.', 1],
  ['written_bytes_total', 'The total number of bytes written successfully.', SECTOR_BYTES],
  ['write_time_seconds_total', 'This is the total number of seconds spent by all writes.', MS],
  ['io_now', 'The number of I/Os currently in progress.', 1],
  ['io_time_seconds_total', 'Total seconds spent doing I/Os.', MS],
  ['io_time_weighted_seconds_total', 'The weighted # of seconds spent doing I/Os.', MS],
  ['discards_completed_total', 'The total number of discards completed successfully.', 1],
  ['discards_merged_total', 'The total number of discards merged.', 1],
  ['discarded_sectors_total', 'The total number of sectors discarded successfully.', 1],
  ['discard_time_seconds_total', 'This is the total number of seconds spent by all discards.', MS],
  ['flush_requests_total', 'The total number of flush requests completed successfully', 1],
  ['flush_requests_time_seconds_total', 'This is the total number of seconds spent by all flush requests.', MS],
]

/** /proc/diskstats: major, minor, device, columns. @see Documentation/admin-guide/iostats.rst of Linux */
export function parseDiskstats(diskstats: string): Family[] {
  const disks = linesOf(diskstats)
    .map(wordsOf)
    .filter(([, , device = '']) => !EXCLUDED.test(device))
  return COLUMNS.map(([name, help, factor], column) => ({
    name: `node_disk_${name}`,
    type: name === 'io_now' ? ('gauge' as const) : ('counter' as const),
    help,
    samples: disks
      .filter((words) => words.length > column + 3)
      .map((words) => {
        const device = words[2] ?? ''
        const count = numberIn(words[column + 3], `/proc/diskstats ${device}`)
        // Divided, not multiplied by 0.001: 5056 ms are 5.056 s.
        return { labels: [['device', device]] as const, value: factor === MS ? count / 1000 : count * factor }
      }),
  })).filter(({ samples }) => samples.length > 0)
}

export const diskstats: Collector = {
  name: 'diskstats',
  collect: async ({ proc }) => parseDiskstats(await readText(join(proc, 'diskstats'))),
}
