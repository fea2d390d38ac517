import type { FlagSet } from '@clymene/model'

import { environmentName } from './parse-flags.ts'

/** Flags that stand together in --help and docs/flags.md. */
export type FlagGroup = { readonly title: string; readonly flags: FlagSet }

/** The text of `--help`: groups, then a flag a paragraph with type, default and environment name. */
export function flagHelp(groups: readonly FlagGroup[]): string {
  return groups
    .filter(({ flags }) => Object.keys(flags).length > 0)
    .map(
      ({ title, flags }) =>
        `${title}:\n${Object.entries(flags)
          .map(([name, one]) => helpOf(name, one))
          .join('\n')}`,
    )
    .join('\n\n')
}

const helpOf = (name: string, { help, type, defaultText, noEffect }: FlagSet[string]): string =>
  [
    `  --${name}${type === 'bool' ? '' : ` ${type}`}${defaultText === '' ? '' : `  (default ${defaultText})`}`,
    `      ${noEffect === undefined ? help : `No effect: ${noEffect}`}`,
  ].join('\n')

/** The same as a Markdown table, for docs/flags.md. */
export function flagTable({ title, flags }: FlagGroup): string {
  const rows = Object.entries(flags).map(
    ([name, { help, type, defaultText, noEffect }]) =>
      `| \`--${name}\` | \`${environmentName(name)}\` | ${type} | ${defaultText === '' ? '' : `\`${cell(defaultText)}\``} | ${cell(noEffect === undefined ? help : `No effect: ${noEffect}`)} |`,
  )
  return [`### ${title}`, '', '| flag | environment | type | default | meaning |', '|---|---|---|---|---|', ...rows, ''].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
