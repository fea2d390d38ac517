import type { FlagSet, Kind } from '@clymene/model'
import { adminFlags, hostService, processFlags, type Command, type FlagGroup, type Host } from '@clymene/runtime'

import { checkServiceFlags, serviceFlagGroups, type ServiceFlags } from './service-flags.ts'

/** The name under which a service runs: `promtail-gateway` is the gateway, limited to logs. */
export type CommandName = { readonly name: string; readonly summary: string; readonly onlyKinds?: readonly Kind[] }

export type StorageCommandOptions<F extends FlagSet> = {
  readonly adminAddress: string
  readonly defaultStorages: string
  /** The service's own flags, beside those of every process and of the storages. */
  readonly flags: F
  /** The same for --help. */
  readonly groups: readonly FlagGroup[]
  /** Checks what the flags say and starts nothing; asked also when some of them are wrong, which have their defaults. @throws ConfigError with every mistake */
  readonly prepare: (parsed: ServiceFlags<F>) => Prepared
}

export type Prepared = { readonly warnings?: readonly string[]; readonly run: (host: Host, stop: AbortSignal) => Promise<void> }

/** A service that writes to what STORAGE_TYPE selects, as a process with an admin port of its own. */
export function createStorageCommand<F extends FlagSet>(
  { name, summary, onlyKinds }: CommandName,
  options: StorageCommandOptions<F>,
): Command {
  const { adminAddress, defaultStorages, flags, groups, prepare } = options
  const ofProcess = { ...processFlags, ...adminFlags(adminAddress) }
  return {
    name,
    summary,
    statusAddress: adminAddress,
    groups: serviceFlagGroups([{ title: 'Process', flags: ofProcess }, ...groups], defaultStorages),
    configure: async (argv, env) => {
      const limits = onlyKinds === undefined ? {} : { onlyKinds }
      const serviceFlags = { flags: { ...ofProcess, ...flags }, defaultStorages, ...limits }
      const [parsed, prepared] = checkServiceFlags(serviceFlags, argv, env, (found) => [found, prepare(found)] as const)
      const warnings = [...parsed.warnings, ...(prepared.warnings ?? [])]
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- and all of these
      const own = parsed.values as unknown as Parameters<typeof hostService>[0]['flags']
      return { warnings, run: (stop) => hostService({ flags: own, component: name, warnings }, (host) => prepared.run(host, stop)) }
    },
  }
}
