import { errorMessage, type Logger } from '@clymene/model'
import { createOnceIn, followFile, type Metrics } from '@clymene/runtime'

/** What is made of some files together, made anew as a whole when one of them changes. */
export type Followed<T> = {
  readonly current: () => T
  /** Looks at the files. What cannot be used leaves the value as it is. */
  readonly look: () => void
}

export type FollowedOptions<T> = {
  /** For log lines and as a label: `http certificate`, `tokens`. */
  readonly what: string
  readonly paths: readonly string[]
  /** @throws Error saying why these contents cannot be used, never what they are */
  readonly read: (contents: readonly Buffer[]) => T
  readonly metrics: Metrics
  readonly logger: Logger
  readonly now?: () => number
}

/** Files that are written one after another do not match for a moment: nobody is told before that has passed. */
const GRACE_MS = 2000
const TELL_EVERY_MS = 60_000

/** Reads the files now. @throws what `read` throws, or Error naming a file that cannot be read */
export function createFollowed<T>({ what, paths, read, metrics, logger, now = () => performance.now() }: FollowedOptions<T>): Followed<T> {
  const reloads = metrics.counter(
    'clymene_gateway_credential_reloads_total',
    'Changed certificates and token files that were taken, or refused while the former go on (counted once a minute)',
    ['what', 'outcome'],
  )
  const stale = metrics.gauge('clymene_gateway_credential_stale', '1 while a changed certificate or token file cannot be used', ['what'])
  stale.set({ what }, 0)
  const files = paths.map((path) => followFile(path, now))
  const onceIn = createOnceIn(TELL_EVERY_MS, now)
  const contentsNow = (): readonly Buffer[] => files.map((file) => file.read())
  let used = contentsNow()
  let value = read(used)
  let failingSince: number | undefined

  const refuse = (error: unknown): void => {
    failingSince ??= now()
    if (now() - failingSince < GRACE_MS) return
    stale.set({ what }, 1)
    onceIn(what, () => {
      reloads.inc({ what, outcome: 'refused' })
      logger.error(`changed ${what} cannot be used, the former goes on`, { what, files: paths, error: errorMessage(error) })
    })
  }
  return {
    current: () => value,
    look: () => {
      try {
        const contents = contentsNow()
        const isChanged = contents.some((content, index) => content !== used[index])
        if (isChanged) {
          value = read(contents)
          used = contents
          reloads.inc({ what, outcome: 'taken' })
          logger.info(`changed ${what} taken`, { what, files: paths })
        }
        failingSince = undefined
        stale.set({ what }, 0)
      } catch (error) {
        refuse(error)
      }
    },
  }
}
