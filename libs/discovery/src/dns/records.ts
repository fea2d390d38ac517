import type { Resolver } from 'node:dns/promises'

import { joinHostPort, targetLabels } from '../labels.ts'
import type { RecordType } from './config.ts'

type Labels = ReadonlyMap<string, string>

export type Asked = { readonly name: string; readonly port: number }

const PREFIX = '__meta_dns_'

/**
 * The targets that the records of a type stand for: `name` is asked for, labels say the name that was configured. Names in labels end
 * with a dot, as on the wire; addresses do not.
 *
 * @throws the errors of node:dns
 */
export const RECORDS: Readonly<Record<RecordType, (resolver: Resolver, name: string, asked: Asked) => Promise<readonly Labels[]>>> = {
  A: async (resolver, name, asked) => (await resolver.resolve4(name)).map((address) => labelsOf(asked, address, asked.port)),
  AAAA: async (resolver, name, asked) => (await resolver.resolve6(name)).map((address) => labelsOf(asked, address, asked.port)),
  SRV: async (resolver, name, asked) =>
    (await resolver.resolveSrv(name)).map((record) =>
      labelsOf(asked, record.name, record.port, [
        [`${PREFIX}srv_record_target`, `${record.name}.`],
        [`${PREFIX}srv_record_port`, String(record.port)],
      ]),
    ),
  MX: async (resolver, name, asked) =>
    (await resolver.resolveMx(name)).map(({ exchange }) =>
      labelsOf(asked, exchange, asked.port, [[`${PREFIX}mx_record_target`, `${exchange}.`]]),
    ),
  NS: async (resolver, name, asked) =>
    (await resolver.resolveNs(name)).map((server) => labelsOf(asked, server, asked.port, [[`${PREFIX}ns_record_target`, `${server}.`]])),
}

const labelsOf = ({ name }: Asked, host: string, port: number, more: readonly (readonly [string, string])[] = []): Labels =>
  targetLabels(
    [
      ['__address__', joinHostPort(host, port)],
      [`${PREFIX}name`, name],
    ],
    more,
  )
