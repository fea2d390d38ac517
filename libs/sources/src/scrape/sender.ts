import type { Labels } from '@clymene/model'
import type { WriteRequestWriter } from '@clymene/wire'

import { hash64 } from './hash.ts'
import type { ScrapeContext } from './scrape-context.ts'
import type { Target } from './target.ts'

/** Writes one batch and resolves when it has been accepted, or with false when it has to be given up. */
export type Send = (timestampMs: number, write: (writer: WriteRequestWriter, timestampMs: number) => void) => Promise<boolean>

/**
 * Hands over the batches of one target, always in the same stream: it follows from the public labels, so that the series of a
 * target whose URL has changed stay in order.
 */
export function createSender(context: ScrapeContext, jobName: string, target: Target): Send {
  const stream = streamOf(target.labels, context.streams)
  return (timestampMs, write) =>
    context.writers.borrow(async (writer) => {
      write(writer, timestampMs)
      const { records } = writer
      try {
        context.deadline.throwIfAborted()
        await context.emit({ kind: 'metrics', body: writer.finish(), records, newestMs: timestampMs, stream }, context.deadline)
        context.metrics.samples.inc({ scrape_job: jobName }, records)
        return true
      } catch (error) {
        const text = context.deadline.aborted ? 'samples of the last scrape were not accepted before the stop' : 'samples were not accepted'
        context.lost(text, { job: jobName, target: target.url.origin, samples: records, error })
        return false
      }
    })
}

/** Of a target with these public labels. */
export const streamOf = (labels: Labels, streams: number): string => String(hash64(JSON.stringify(labels)) % BigInt(streams))
