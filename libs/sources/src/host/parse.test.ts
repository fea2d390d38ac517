import { describe, expect, test } from 'vitest'

import { parseCpu } from './cpu.ts'
import { parseDiskstats } from './diskstats.ts'
import type { Family } from './family.ts'
import { parseFileNr } from './filefd.ts'
import { filesystemFamilies, parseMounts } from './filesystem.ts'
import { parseLoadavg } from './loadavg.ts'
import { parseMeminfo } from './meminfo.ts'
import { netclassFamilies } from './netclass.ts'
import { netdevFamilies, parseNetDev } from './netdev.ts'
import { netstatFamilies, parseNetstat, parseSnmp6 } from './netstat.ts'
import { parsePressure } from './pressure.ts'
import { parseStat } from './stat.ts'
import { parseVmstat } from './vmstat.ts'

/** `type name{labels} value`, one a line: what a test compares. */
const lines = (families: readonly Family[]): string[] =>
  families.flatMap(({ name, type, samples }) =>
    samples.map(({ labels, value }) => {
      const inner = labels.map(([label, text]) => `${label}=${JSON.stringify(text)}`).join(',')
      return `${type} ${name}${inner === '' ? '' : `{${inner}}`} ${value}`
    }),
  )

const STAT = `cpu  130779 43616 47860 505372 1814 0 544 391 12 3
cpu0 63225 21701 22791 256798 365 0 87 195 12 3
cpu1 67554 21915 25069 248574 1448 0 456 195 0 0
intr 4741208 0 0 733 3920
ctxt 8060837
btime 1795233541
processes 62269
procs_running 5
procs_blocked 0
softirq 1296565 0 169118
`

describe('/proc/stat', () => {
  test('seconds of each processor by mode, guests apart', () => {
    expect(lines(parseCpu(STAT))).toEqual([
      'counter node_cpu_seconds_total{cpu="0",mode="user"} 632.25',
      'counter node_cpu_seconds_total{cpu="0",mode="nice"} 217.01',
      'counter node_cpu_seconds_total{cpu="0",mode="system"} 227.91',
      'counter node_cpu_seconds_total{cpu="0",mode="idle"} 2567.98',
      'counter node_cpu_seconds_total{cpu="0",mode="iowait"} 3.65',
      'counter node_cpu_seconds_total{cpu="0",mode="irq"} 0',
      'counter node_cpu_seconds_total{cpu="0",mode="softirq"} 0.87',
      'counter node_cpu_seconds_total{cpu="0",mode="steal"} 1.95',
      'counter node_cpu_seconds_total{cpu="1",mode="user"} 675.54',
      'counter node_cpu_seconds_total{cpu="1",mode="nice"} 219.15',
      'counter node_cpu_seconds_total{cpu="1",mode="system"} 250.69',
      'counter node_cpu_seconds_total{cpu="1",mode="idle"} 2485.74',
      'counter node_cpu_seconds_total{cpu="1",mode="iowait"} 14.48',
      'counter node_cpu_seconds_total{cpu="1",mode="irq"} 0',
      'counter node_cpu_seconds_total{cpu="1",mode="softirq"} 4.56',
      'counter node_cpu_seconds_total{cpu="1",mode="steal"} 1.95',
      'counter node_cpu_guest_seconds_total{cpu="0",mode="user"} 0.12',
      'counter node_cpu_guest_seconds_total{cpu="0",mode="nice"} 0.03',
      'counter node_cpu_guest_seconds_total{cpu="1",mode="user"} 0',
      'counter node_cpu_guest_seconds_total{cpu="1",mode="nice"} 0',
    ])
  })

  test('totals', () => {
    expect(lines(parseStat(STAT))).toEqual([
      'counter node_intr_total 4741208',
      'counter node_context_switches_total 8060837',
      'counter node_forks_total 62269',
      'gauge node_boot_time_seconds 1795233541',
      'gauge node_procs_running 5',
      'gauge node_procs_blocked 0',
    ])
  })
})

test('/proc/meminfo: bytes where it says kB, brackets as underscore', () => {
  expect(lines(parseMeminfo('MemTotal:       24684084 kB\nActive(anon):       1604 kB\nHugePages_Total:       3\n'))).toEqual([
    'gauge node_memory_MemTotal_bytes 25276502016',
    'gauge node_memory_Active_anon_bytes 1642496',
    'gauge node_memory_HugePages_Total 3',
  ])
})

test('/proc/loadavg', () => {
  expect(lines(parseLoadavg('1.50 1.18 0.86 3/512 4711\n'))).toEqual([
    'gauge node_load1 1.5',
    'gauge node_load5 1.18',
    'gauge node_load15 0.86',
  ])
})

test('/proc/sys/fs/file-nr', () => {
  expect(lines(parseFileNr('1113\t0\t2466170\n'))).toEqual(['gauge node_filefd_allocated 1113', 'gauge node_filefd_maximum 2466170'])
})

test('/proc/vmstat: faults, paging, swapping and OOM kills only', () => {
  const vmstat = 'nr_free_pages 1639492\npgpgin 8966221\npswpout 0\npgfault 81951657\npgmajfault 11653\npgalloc_dma 0\noom_kill 1\n'
  expect(lines(parseVmstat(vmstat))).toEqual([
    'untyped node_vmstat_pgpgin 8966221',
    'untyped node_vmstat_pswpout 0',
    'untyped node_vmstat_pgfault 81951657',
    'untyped node_vmstat_pgmajfault 11653',
    'untyped node_vmstat_oom_kill 1',
  ])
})

test('/proc/pressure: seconds; what is not there is left out', () => {
  const cpu = 'some avg10=69.22 avg60=44.69 avg300=37.54 total=545513765\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n'
  const io = 'some avg10=5.44 avg60=2.32 avg300=1.39 total=24172769\nfull avg10=0.01 avg60=0.39 avg300=0.35 total=12617823\n'
  expect(
    lines(
      parsePressure(
        new Map([
          ['cpu', cpu],
          ['io', io],
        ]),
      ),
    ),
  ).toEqual([
    'counter node_pressure_cpu_waiting_seconds_total 545.513765',
    'counter node_pressure_io_waiting_seconds_total 24.172769',
    'counter node_pressure_io_stalled_seconds_total 12.617823',
  ])
})

describe('/proc/diskstats', () => {
  const vda =
    ' 254       0 vda 288096 38374 17932930 297170 266018 185694 31823640 159562 2 47636 467782 55723 106 10977272 5056 57417 5751\n'

  test('bytes, seconds and counts; no partitions, loops and memory disks', () => {
    const others = ['loop0', 'ram1', 'vda1', 'sda12', 'nvme0n1p2'].map((device) => `   7       0 ${device} 1 2 3 4 5 6 7 8 9 10 11\n`)
    expect(lines(parseDiskstats(others.join('') + vda))).toEqual([
      'counter node_disk_reads_completed_total{device="vda"} 288096',
      'counter node_disk_reads_merged_total{device="vda"} 38374',
      'counter node_disk_read_bytes_total{device="vda"} 9181660160',
      'counter node_disk_read_time_seconds_total{device="vda"} 297.17',
      'counter node_disk_writes_completed_total{device="vda"} 266018',
      'counter node_disk_writes_merged_total{device="vda"} 185694',
      'counter node_disk_written_bytes_total{device="vda"} 16293703680',
      'counter node_disk_write_time_seconds_total{device="vda"} 159.562',
      'gauge node_disk_io_now{device="vda"} 2',
      'counter node_disk_io_time_seconds_total{device="vda"} 47.636',
      'counter node_disk_io_time_weighted_seconds_total{device="vda"} 467.782',
      'counter node_disk_discards_completed_total{device="vda"} 55723',
      'counter node_disk_discards_merged_total{device="vda"} 106',
      'counter node_disk_discarded_sectors_total{device="vda"} 10977272',
      'counter node_disk_discard_time_seconds_total{device="vda"} 5.056',
      'counter node_disk_flush_requests_total{device="vda"} 57417',
      'counter node_disk_flush_requests_time_seconds_total{device="vda"} 5.751',
    ])
  })

  test('an older kernel has fewer columns', () => {
    expect(lines(parseDiskstats('   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n'))).toHaveLength(11)
  })
})

describe('/proc/mounts', () => {
  const mounts = [
    'proc /proc proc rw,relatime 0 0',
    '/dev/vda / ext4 rw,relatime,discard 0 0',
    '/dev/sdb1 /data\\040disk\\134x xfs ro,nosuid 0 0',
    '/dev/sdb1 /data\\040disk\\134x xfs rw 0 0',
    'overlay /var/lib/app overlay rw 0 0',
    'tmpfs /run/user/0 tmpfs rw 0 0',
    'tmpfs /runner tmpfs rw 0 0',
    '/dev/sdc /mnt/usb vfat rw 0 0',
    '/dev/vda /var/lib/docker/volumes/x ext4 rw 0 0',
    '/dev/vda /var/lib/docker ext4 rw 0 0',
  ]

  test('leaves the kernel’s and the containers’ own out, unescapes, the last of the same counts', () => {
    expect(parseMounts(`${mounts.join('\n')}\n`)).toEqual([
      { device: '/dev/vda', mountpoint: '/', fstype: 'ext4', readonly: false },
      { device: '/dev/sdb1', mountpoint: '/data disk\\x', fstype: 'xfs', readonly: false },
      { device: 'tmpfs', mountpoint: '/runner', fstype: 'tmpfs', readonly: false },
      { device: '/dev/vda', mountpoint: '/var/lib/docker', fstype: 'ext4', readonly: false },
    ])
  })

  test('a mount that does not answer has an error and nothing else', () => {
    const mount = { device: '/dev/vda', mountpoint: '/', fstype: 'ext4', readonly: true }
    const usage = { sizeBytes: 100, freeBytes: 50, availableBytes: 40, files: 10, filesFree: 5 }
    const labels = '{device="/dev/vda",fstype="ext4",mountpoint="/"}'
    expect(lines(filesystemFamilies([[mount, usage]]))).toEqual([
      `gauge node_filesystem_avail_bytes${labels} 40`,
      `gauge node_filesystem_device_error${labels} 0`,
      `gauge node_filesystem_files${labels} 10`,
      `gauge node_filesystem_files_free${labels} 5`,
      `gauge node_filesystem_free_bytes${labels} 50`,
      `gauge node_filesystem_readonly${labels} 1`,
      `gauge node_filesystem_size_bytes${labels} 100`,
    ])
    expect(lines(filesystemFamilies([[mount, undefined]]))).toEqual([`gauge node_filesystem_device_error${labels} 1`])
  })
})

describe('/proc/net/dev', () => {
  const head =
    'Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n'

  test('every column of every device but lo', () => {
    const text = `${head}    lo: 84667538   63628    0    0    0     0          0         0 84667538   63628    0    0    0     0       0          0
  eth0:1156071413   47859    1    2    3     4          5         6  3827322   34283    7    8    9    10      11         12\n`
    const families = netdevFamilies(parseNetDev(text), new Map([['eth0', 13]]))
    expect(lines(families).map((line) => line.replace('counter node_network_', '').replace('{device="eth0"}', ''))).toEqual([
      'receive_bytes_total 1156071413',
      'receive_packets_total 47859',
      'receive_errs_total 1',
      'receive_drop_total 2',
      'receive_fifo_total 3',
      'receive_frame_total 4',
      'receive_compressed_total 5',
      'receive_multicast_total 6',
      'transmit_bytes_total 3827322',
      'transmit_packets_total 34283',
      'transmit_errs_total 7',
      'transmit_drop_total 8',
      'transmit_fifo_total 9',
      'transmit_colls_total 10',
      'transmit_carrier_total 11',
      'transmit_compressed_total 12',
      'receive_nohandler_total 13',
    ])
  })

  test('a device may have colons in its name', () => {
    expect([...parseNetDev(`${head}eth0:1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n`).keys()]).toEqual(['eth0:1'])
  })
})

test('/sys/class/net: numbers that are there, hexadecimal ones too', () => {
  const files = new Map([
    ['operstate', 'up'],
    ['address', '02:fc:00:00:00:01'],
    ['carrier', '1'],
    ['carrier_changes', '2'],
    ['speed', '-1'],
    ['flags', '0x1003'],
    ['mtu', ''],
  ])
  expect(
    lines(
      netclassFamilies([
        { device: 'eth0', files },
        { device: 'ifb0', files: new Map([['operstate', 'down']]) },
      ]),
    ),
  ).toEqual([
    'gauge node_network_up{device="eth0"} 1',
    'gauge node_network_up{device="ifb0"} 0',
    'gauge node_network_info{address="02:fc:00:00:00:01",broadcast="",device="eth0",duplex="",ifalias="",operstate="up"} 1',
    'gauge node_network_info{address="",broadcast="",device="ifb0",duplex="",ifalias="",operstate="down"} 1',
    'gauge node_network_carrier{device="eth0"} 1',
    'counter node_network_carrier_changes_total{device="eth0"} 2',
    'gauge node_network_flags{device="eth0"} 4099',
    'gauge node_network_speed_bytes{device="eth0"} -125000',
  ])
})

test('/proc/net/netstat, snmp and snmp6: the default fields', () => {
  const snmp = 'Ip: Forwarding DefaultTTL InReceives\nIp: 2 64 1\nTcp: ActiveOpens MaxConn CurrEstab InErrs\nTcp: 3500 -1 4 0\n'
  const snmp6 =
    'Ip6InReceives                   \t9\nIp6InOctets                     \t128\nUdp6InDatagrams                 \t0\nUdpLite6InErrors\t1\n'
  expect(lines(netstatFamilies(new Map([...parseNetstat(snmp), ...parseSnmp6(snmp6)])))).toEqual([
    'untyped node_netstat_Ip_Forwarding 2',
    'untyped node_netstat_Tcp_ActiveOpens 3500',
    'untyped node_netstat_Tcp_CurrEstab 4',
    'untyped node_netstat_Tcp_InErrs 0',
    'untyped node_netstat_Ip6_InOctets 128',
    'untyped node_netstat_Udp6_InDatagrams 0',
    'untyped node_netstat_UdpLite6_InErrors 1',
  ])
})

describe('what is not as the kernel writes it is refused by name', () => {
  const cases: [string, () => unknown, string][] = [
    ['stat', () => parseCpu('cpu0 1 x\n'), '/proc/stat cpu0: expected a number, found "x"'],
    ['stat total', () => parseStat('ctxt\n'), '/proc/stat ctxt: expected a number, found ""'],
    ['meminfo', () => parseMeminfo('MemTotal 5 MB\n'), '/proc/meminfo: expected "Name: number [kB]", found "MemTotal 5 MB"'],
    ['loadavg', () => parseLoadavg('1.0 2.0\n'), '/proc/loadavg: expected a number, found ""'],
    ['file-nr', () => parseFileNr(''), '/proc/sys/fs/file-nr: expected a number, found ""'],
    ['vmstat', () => parseVmstat('oom_kill many\n'), '/proc/vmstat oom_kill: expected a number, found "many"'],
    ['pressure', () => parsePressure(new Map([['io', 'some avg10=0\n']])), '/proc/pressure/io some total: expected a number, found ""'],
    ['diskstats', () => parseDiskstats('8 0 sda x\n'), '/proc/diskstats sda: expected a number, found "x"'],
    ['net/dev', () => parseNetDev('a\nb\neth0: 1 2\n'), '/proc/net/dev eth0: expected 16 columns, found 2'],
    ['netstat', () => parseNetstat('Ip: A B\nIp: 1\n'), '/proc/net: names and values of "Ip:" do not match'],
    ['snmp6', () => parseSnmp6('Ip6InOctets x\n'), '/proc/net/snmp6 Ip6InOctets: expected a number, found "x"'],
  ]
  test.each(cases)('%s', (_, call, message) => expect(call).toThrow(message))
})
