import { join } from 'node:path'

import { type Collector, type Family, single } from './family.ts'
import { linesOf, numberIn, readText, readTextIfAny, wordsOf } from './proc-file.ts'

/** The statistics that node-exporter takes by default. */
const FIELDS = new RegExp(
  `^(?:${[
    '.*_(?:InErrors|InErrs)',
    'Ip_Forwarding',
    'Ip(?:6|Ext)_(?:InOctets|OutOctets)',
    'Icmp6?_(?:InMsgs|OutMsgs)',
    'TcpExt_(?:Listen.*|Syncookies.*|TCPSynRetrans|TCPTimeouts)',
    'Tcp_(?:ActiveOpens|InSegs|OutSegs|OutRsts|PassiveOpens|RetransSegs|CurrEstab)',
    'Udp6?_(?:InDatagrams|OutDatagrams|NoPorts|RcvbufErrors|SndbufErrors)',
  ].join('|')})$`,
)

/** /proc/net/netstat and /proc/net/snmp: pairs of lines, `Proto: name name …` and `Proto: value value …`. */
export function parseNetstat(netstat: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>()
  const lines = linesOf(netstat)
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const [head = '', ...names] = wordsOf(lines[index] ?? '')
    const [again, ...numbers] = wordsOf(lines[index + 1] ?? '')
    if (head !== again || names.length !== numbers.length)
      throw new Error(`/proc/net: names and values of ${JSON.stringify(head)} do not match`)
    names.forEach((name, column) => values.set(`${head.replace(/:$/, '')}_${name}`, numberIn(numbers[column], `/proc/net ${head}`)))
  }
  return values
}

/** /proc/net/snmp6: `Udp6InDatagrams value`; the protocol ends with its 6. */
export function parseSnmp6(snmp6: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>()
  for (const line of linesOf(snmp6)) {
    const [name = '', value] = wordsOf(line)
    const match = /^([^6]*6)(.+)$/.exec(name)
    if (match !== null) values.set(`${match[1]}_${match[2]}`, numberIn(value, `/proc/net/snmp6 ${name}`))
  }
  return values
}

export const netstatFamilies = (values: ReadonlyMap<string, number>): Family[] =>
  [...values]
    .filter(([name]) => FIELDS.test(name))
    .map(([name, value]) => single('untyped', `node_netstat_${name}`, `Statistic ${name.replace('_', '')}.`, value))

export const netstat: Collector = {
  name: 'netstat',
  collect: async ({ proc }) => {
    const texts = await Promise.all([readText(join(proc, 'net/netstat')), readText(join(proc, 'net/snmp'))])
    const snmp6 = await readTextIfAny(join(proc, 'net/snmp6'))
    return netstatFamilies(new Map([...texts.flatMap((text) => [...parseNetstat(text)]), ...parseSnmp6(snmp6 ?? '')]))
  },
}
