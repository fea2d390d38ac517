import { createHash } from 'node:crypto'

/** One item of `relabel_configs`, every field there. */
export type PlainRule = {
  readonly action: string
  readonly source_labels: readonly string[]
  readonly separator: string
  /** In the syntax that JavaScript and RE2 share. */
  readonly regex: string
  readonly target_label: string
  readonly replacement: string
  readonly modulus: number
}

export type PlainLabels = Readonly<Record<string, string>>

/** What the rules make of the labels, sorted; undefined when they drop them. As Prometheus documents each action. */
export function relabelPlainly(rules: readonly PlainRule[], labels: PlainLabels): [string, string][] | undefined {
  let pairs = Object.entries(labels)
  const get = (name: string): string => pairs.find(([known]) => known === name)?.[1] ?? ''
  const set = (name: string, value: string): void => {
    if (name === '') return
    pairs = pairs.filter(([known]) => known !== name)
    if (value !== '') pairs.push([name, value])
  }
  for (const rule of rules) {
    const { target_label: target, replacement } = rule
    const source = rule.source_labels.map(get).join(rule.separator)
    const regex = new RegExp(`^(?:${rule.regex})$`, 's')
    const match = regex.exec(source)
    if (rule.action === 'keep' && match === null) return undefined
    if (rule.action === 'drop' && match !== null) return undefined
    if (rule.action === 'keepequal' && source !== get(target)) return undefined
    if (rule.action === 'dropequal' && source === get(target)) return undefined
    if (rule.action === 'replace' && match !== null) set(filled(target, match), filled(replacement, match))
    if (rule.action === 'hashmod') set(target, String(BigInt(`0x${md5(source).slice(16)}`) % BigInt(rule.modulus)))
    if (rule.action === 'lowercase') set(target, source.toLowerCase())
    if (rule.action === 'uppercase') set(target, source.toUpperCase())
    if (rule.action === 'labeldrop') pairs = pairs.filter(([name]) => !regex.test(name))
    if (rule.action === 'labelkeep') pairs = pairs.filter(([name]) => regex.test(name))
    if (rule.action === 'labelmap') {
      for (const [name, value] of pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const found = regex.exec(name)
        if (found !== null) set(filled(replacement, found), value)
      }
    }
  }
  return pairs.toSorted(([a], [b]) => (a < b ? -1 : 1))
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')

/** `$1` and `${1}`; a name that no group has is empty, `$$` is a dollar sign. */
const filled = (template: string, match: RegExpExecArray): string =>
  template.replaceAll(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar?: string, braced?: string, bare?: string) =>
    dollar === undefined ? (/^\d+$/.test(braced ?? bare ?? '') ? (match[Number(braced ?? bare)] ?? '') : '') : '$',
  )
