import { agentCommand, promtailCommand } from '@clymene/agent'
import { allInOneCommand } from '@clymene/all-in-one'
import { gatewayCommand, promtailGatewayCommand } from '@clymene/gateway'
import { ingesterCommand, promtailIngesterCommand } from '@clymene/ingester'
import type { FlagSet } from '@clymene/model'
import { environmentName, flagTable, type Command, type FlagGroup } from '@clymene/runtime'
import { explainFlags, fromPromtailFlags, ledgerFlags, replayFlags, replaySourceFlags, testFlags } from 'clymene'

const SERVICES: readonly Command[] = [agentCommand, gatewayCommand, ingesterCommand, allInOneCommand]

/** Services under another name, with what they are variants of. */
const VARIANTS: readonly (readonly [Command, Command])[] = [
  [promtailCommand, agentCommand],
  [promtailGatewayCommand, gatewayCommand],
  [promtailIngesterCommand, ingesterCommand],
]

const INTRODUCTION = `# Flags

Made by \`npm run docs\` from the declarations in the sources; do not edit.

A flag is given as \`--name=value\` or \`--name value\`, a bool also without a value, or as the environment variable beside it; the command
line wins. Durations are as in Go (\`500ms\`, \`1m30s\`), sizes are bytes or \`512KiB\`, \`64MiB\`, lists are divided by commas, addresses are
\`host:port\`, \`:port\` or \`port\`. An unknown flag, and a value that is not legal, end the process with status 2, every mistake at once;
\`clymene validate <service> …\` only checks. What is said to have no effect is accepted with a warning, and so is a flag of a storage that
\`STORAGE_TYPE\` does not select.`

/** Every flag of every service and tool as a page, those of the storages once. */
export function flagsPage(): string {
  const storages = new Map(SERVICES.flatMap(({ groups }) => groups.filter(isStorage).map((group) => [group.title, group])))
  const sections = [
    INTRODUCTION,
    ...SERVICES.map(serviceSection),
    ...VARIANTS.map(([variant, original]) => variantSection(variant, original)),
    EXPLAIN,
    FROM_PROMTAIL,
    LEDGER,
    REPLAY,
    TEST,
    `## Storages\n\nIn every service, when \`STORAGE_TYPE\` selects the storage.\n\n${[...storages.values()].map(flagTable).join('\n')}`,
    spellings([...SERVICES, ...VARIANTS.map(([variant]) => variant)]),
  ]
  return `${sections.join('\n\n')}\n`
}

const LEDGER = `## clymene ledger

Where every message is: [ledger.md](ledger.md#the-sum). These flags stand on the command line only, variables are not read.

${withoutVariables({ title: 'Flags', flags: ledgerFlags })}`

const EXPLAIN = `## clymene explain

Why a target or a series is there or not: [configuration.md](configuration.md#why-is-my-target-missing). These flags stand on the command line only, variables are not read.

${withoutVariables({ title: 'Flags', flags: explainFlags })}`

const FROM_PROMTAIL = `## clymene from-promtail

The flags that do what the clients of Promtail do: [logs.md](logs.md#from-promtail), or values of the chart: [helm.md](helm.md#from-promtail). These flags stand on the command line only, variables are not read.

${withoutVariables({ title: 'Flags', flags: fromPromtailFlags })}`

const TEST = `## clymene test

What stages make of lines: [logs.md](logs.md#what-stages-do). These flags stand on the command line only, variables are not read.

${withoutVariables({ title: 'Flags', flags: testFlags })}`

const REPLAY = `## clymene replay

Sends dead letters again: [dead-letters.md](dead-letters.md#clymene-replay). It takes the flags of the storages too, and passes over the others of an ingester.

${withoutVariables({ title: 'On the command line only', flags: replayFlags })}

${flagTable({ title: 'Kafka', flags: replaySourceFlags })}`

/** A table of flags that are not read from the environment. */
function withoutVariables(group: FlagGroup): string {
  const isRow = (line: string): boolean => line.startsWith('|')
  return flagTable(group)
    .split('\n')
    .map((line) => (isRow(line) ? line.replace(/^(\|[^|]*)\|[^|]*/, '$1') : line))
    .join('\n')
}

const isStorage = ({ title }: FlagGroup): boolean => title.startsWith('Storage ')
const ownGroups = ({ groups }: Command): readonly FlagGroup[] => groups.filter((group) => !isStorage(group))

const serviceSection = (command: Command): string =>
  `## clymene ${command.name}\n\n${sentence(command.summary)}\n\n${ownGroups(command).map(flagTable).join('\n')}`

function variantSection(variant: Command, original: Command): string {
  const known = new Map(ownGroups(original).flatMap(({ flags }) => Object.entries(flags)))
  const differing: FlagSet = Object.fromEntries(
    ownGroups(variant)
      .flatMap(({ flags }) => Object.entries(flags))
      .filter(([name, one]) => {
        const other = known.get(name)
        return other === undefined || other.defaultText !== one.defaultText || other.noEffect !== one.noEffect || other.help !== one.help
      }),
  )
  const heading = `## clymene ${variant.name}\n\n${sentence(variant.summary)} It has the flags of \`clymene ${original.name}\``
  return Object.keys(differing).length === 0
    ? `${heading}.`
    : `${heading}; of these differ:\n\n${flagTable({ title: 'Differing', flags: differing })}`
}

const sentence = (summary: string): string => `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`

/** The original's spellings that are read too. */
function spellings(commands: readonly Command[]): string {
  const aliases = new Map(
    commands.flatMap(({ groups }) =>
      groups.flatMap(({ flags }) =>
        Object.entries(flags).flatMap(([name, { alias }]) => (alias === undefined ? [] : [[alias, name] as const])),
      ),
    ),
  )
  const rows = [...aliases].map(([alias, name]) => `| \`--${alias}\` | \`--${name}\` | \`${environmentName(name)}\` |`)
  return ['## Other spellings', '', '| also read | flag | environment |', '| --- | --- | --- |', ...rows].join('\n')
}
