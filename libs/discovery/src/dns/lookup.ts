import { Resolver } from 'node:dns/promises'

import { errorCode, errorMessage } from '@clymene/model'

import { DiscoveryError } from '../discovery-error.ts'
import type { RecordType } from './config.ts'
import { RECORDS, type Asked } from './records.ts'
import { nameCandidates, type ResolverConfig } from './resolver-config.ts'

type Labels = ReadonlyMap<string, string>

/** A name that is not there (NXDOMAIN): another candidate may be. */
const NO_NAME = 'ENOTFOUND'
/** The name is there and has no such records. */
const NO_RECORDS = 'ENODATA'

/**
 * The targets of a name. The first candidate that is there counts, also when it has no such records; when every server says of
 * all of them that there is no such name, there are no targets.
 *
 * @throws DiscoveryError when nobody knows a candidate and one could not be asked for; the signal's reason when it is aborted.
 */
export async function lookUp(asked: Asked, type: RecordType, config: ResolverConfig, signal: AbortSignal): Promise<readonly Labels[]> {
  let failure: unknown
  for (const name of nameCandidates(asked.name, config)) {
    const found = await records(name, asked, type, config, signal).catch((error: unknown) => {
      signal.throwIfAborted()
      if (errorCode(error) === NO_RECORDS) return []
      if (errorCode(error) !== NO_NAME) failure = error
      return undefined
    })
    if (found !== undefined) return sorted(found)
  }
  if (failure === undefined) return []
  throw new DiscoveryError('dns', reasonOf(failure), { cause: failure })
}

async function records(
  name: string,
  asked: Asked,
  type: RecordType,
  { servers, timeoutMs, attempts }: ResolverConfig,
  signal: AbortSignal,
): Promise<readonly Labels[]> {
  signal.throwIfAborted()
  const resolver = new Resolver({ timeout: timeoutMs, tries: attempts })
  if (servers.length > 0) resolver.setServers([...servers])
  const cancel = (): void => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    return await RECORDS[type](resolver, name, asked)
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** Servers turn records around to share the load: their order says nothing. */
const sorted = (targets: readonly Labels[]): readonly Labels[] => {
  const address = (labels: Labels): string => labels.get('__address__') ?? ''
  return targets.toSorted((a, b) => (address(a) < address(b) ? -1 : address(a) > address(b) ? 1 : 0))
}

const REASONS: Readonly<Record<string, string>> = {
  ETIMEOUT: 'no name server answered in time',
  ESERVFAIL: 'the name server failed (SERVFAIL)',
  EREFUSED: 'the name server refused the question',
  ECONNREFUSED: 'no name server could be reached',
  EBADNAME: 'that is no name',
}

const reasonOf = (error: unknown): string => REASONS[errorCode(error)] ?? errorMessage(error)
