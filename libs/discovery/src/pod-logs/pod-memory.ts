import { isDeepStrictEqual } from 'node:util'

import { errorMessage, type Logger } from '@clymene/model'
import { createOnceIn } from '@clymene/runtime'

import type { PodDescription } from './description.ts'
import { readPodsFile, writePodsFile } from './pods-file.ts'

/** What is known of pods whose logs are here, also when the API server has forgotten them; one for the life of the process. */
export type PodMemory = {
  /** Resolves when what was kept is read; does nothing the second time. */
  readonly load: () => Promise<void>
  /** When the logs of a pod were first seen, by performance.now(). */
  readonly firstSeenMs: (key: string) => number
  readonly descriptionOf: (key: string) => PodDescription | undefined
  readonly describe: (key: string, description: PodDescription) => void
  /** Its logs are gone. */
  readonly forget: (key: string) => void
  /** Writes what is not written yet. */
  readonly close: () => Promise<void>
}

export type PodMemoryOptions = {
  /** Where it is kept over restarts; absent: it is not. */
  readonly file?: { readonly path: string; readonly mayWrite: boolean } | undefined
  readonly logger: Logger
}

type Remembered = { readonly firstSeenMs: number; askedMs: number; description: PodDescription | undefined }

const WRITE_AFTER_MS = 1000
/** What nobody asked for so long is not kept: its logs went while the agent did not run. */
const UNASKED_MS = 10 * 60_000

export function createPodMemory({ file, logger }: PodMemoryOptions): PodMemory {
  const pods = new Map<string, Remembered>()
  const complain = createOnceIn(60_000)
  let loading: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()

  const load = async (): Promise<void> => {
    if (file === undefined) return
    try {
      for (const [key, description] of await readPodsFile(file.path)) of(key).description ??= description
    } catch (error) {
      logger.warn('what was known of pods cannot be read, the API server is asked for it', { path: file.path, error: errorMessage(error) })
    }
  }
  const of = (key: string): Remembered => {
    const nowMs = performance.now()
    const pod = pods.get(key) ?? { firstSeenMs: nowMs, askedMs: nowMs, description: undefined }
    pod.askedMs = nowMs
    pods.set(key, pod)
    return pod
  }
  const write = async (path: string): Promise<void> => {
    const recentMs = performance.now() - UNASKED_MS
    for (const [key, { askedMs }] of pods) if (askedMs < recentMs) pods.delete(key)
    const described = [...pods].flatMap(([key, { description }]) => (description === undefined ? [] : [[key, description] as const]))
    await writePodsFile(path, described).catch((error: unknown) =>
      complain('', () =>
        logger.warn('what is known of pods cannot be kept, after a restart the API server is asked again', {
          path,
          error: errorMessage(error),
        }),
      ),
    )
  }
  const flush = (): void => {
    timer = undefined
    if (file?.mayWrite === true) writing = writing.then(() => write(file.path))
  }
  const changed = (): void => {
    timer ??= setTimeout(flush, WRITE_AFTER_MS).unref()
  }

  return {
    load: () => (loading ??= load()),
    firstSeenMs: (key) => of(key).firstSeenMs,
    descriptionOf: (key) => of(key).description,
    describe: (key, description) => {
      const pod = of(key)
      if (isDeepStrictEqual(pod.description, description)) return
      pod.description = description
      changed()
    },
    forget: (key) => {
      if (pods.get(key)?.description !== undefined) changed()
      pods.delete(key)
    },
    close: async () => {
      if (timer !== undefined) {
        clearTimeout(timer)
        flush()
      }
      await writing
    },
  }
}
