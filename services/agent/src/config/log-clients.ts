import type { Section } from './section.ts'

/**
 * What `clients` and `client` say is not done here, a line each: flags do. Labels and tenants are named with their flags, since lines
 * would lack them. Nothing of it is checked.
 */
export function clientNotes(root: Section, path: string): readonly string[] {
  return ['clients', 'client'].flatMap((key) => {
    if (!root.has(key)) return []
    root.accept(key)
    return [
      `${root.where(key)}: has no effect: STORAGE_TYPE and the flags of the storage say where lines go; clymene from-promtail ${path} prints them`,
      ...lineNotes(root, key),
    ]
  })
}

function lineNotes(root: Section, key: string): readonly string[] {
  const scalars = root.scalars().filter(({ where }) => new RegExp(`: ${key}[.[]`).test(where))
  const labels = scalars.filter(({ where }) => LABEL.test(where))
  const ofClients = Map.groupBy(labels, ({ where }) => where.slice(where.lastIndexOf(': ')).replace(LABEL, ''))
  return [
    ...[...ofClients.values()].map((found) => {
      const where = found[0]?.where.replace(LABEL, '.external_labels') ?? ''
      const pairs = found.map(({ key: name, text }) => `${name}=${text}`).join(',')
      if (isFurther(where)) return `${where}: has no effect: ${ONE_LOKI}`
      return `${where}: has no effect: lines get such labels by --clymene-promtail.external-labels=${pairs}`
    }),
    ...scalars
      .filter(({ where, text }) => where.endsWith('.tenant_id') && text !== '')
      .map(({ where, text }) =>
        isFurther(where)
          ? `${where}: has no effect: ${ONE_LOKI}`
          : `${where}: has no effect: lines get a tenant by --clymene-promtail.tenant-id=${text}`,
      ),
  ]
}

const LABEL = /\.external_labels\.[^.]*$/

/** A client behind the first: what its lines get would go to the first. */
const isFurther = (where: string): boolean => /: clients\[[1-9]\d*\]/.test(where)
const ONE_LOKI = 'an agent sends to one Loki, by the flags of the first client'
