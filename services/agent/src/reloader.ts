import { ConfigError, errorMessage, type Logger } from '@clymene/model'
import type { Metrics, Readiness } from '@clymene/runtime'

export type ReloaderOptions = {
  /** Reads everything and then takes it, all or nothing. @throws ConfigError, or Error when what it names cannot be used: the old configuration goes on */
  readonly take: () => Promise<void>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly readiness: Pick<Readiness, 'remark'>
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

export type Reloader = {
  /**
   * Reads the configuration anew, one time after the other.
   *
   * @param by who asked, for the log.
   * @throws ConfigError with every mistake; the Error of whatever else went wrong.
   */
  readonly reload: (by: string) => Promise<void>
}

/** Tells what becomes of each reload: in the log, by two metrics, and as a remark on /readyz while the last one was refused. */
export function createReloader({ take, metrics, logger, readiness, now = Date.now }: ReloaderOptions): Reloader {
  const successful = metrics.gauge(
    'clymene_agent_config_last_reload_successful',
    '1 when the configuration was taken as it was last read, else 0',
  )
  const taken = metrics.gauge(
    'clymene_agent_config_last_reload_success_timestamp_seconds',
    'When a configuration was taken for the last time',
  )
  let refusal: string | undefined
  let last: Promise<unknown> = Promise.resolve()
  const conclude = (refused: string | undefined): void => {
    refusal = refused
    successful.set(refused === undefined ? 1 : 0)
    if (refused === undefined) taken.set(now() / 1000)
  }
  conclude(undefined)
  readiness.remark('config', () => refusal)

  async function reload(by: string): Promise<void> {
    try {
      await take()
      conclude(undefined)
      logger.info('configuration read anew', { by })
    } catch (error) {
      const [first = '', ...more] = error instanceof ConfigError ? error.mistakes : [errorMessage(error)]
      conclude(`the last one read was refused, the old one goes on: ${first}${more.length === 0 ? '' : ` (and ${more.length} more)`}`)
      logger.error('configuration refused, the old one goes on', { by, error: errorMessage(error) })
      throw error
    }
  }

  return {
    reload: (by) => {
      const next = last.then(() => reload(by))
      last = next.catch(() => undefined)
      return next
    },
  }
}
