import { isAbort } from '@clymene/runtime'

/** A part of a service: runs until the signal aborts. */
export type Part = (signal: AbortSignal) => Promise<void>

/** Runs the parts side by side. The first that fails ends the others; rejects with its failure when all have ended. */
export async function together(parts: readonly Part[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController()
  const both = AbortSignal.any([signal, failed.signal])
  const failures: unknown[] = []
  await Promise.all(
    parts.map(async (part) => {
      try {
        await part(both)
      } catch (error) {
        if (isAbort(error, both)) return
        failures.push(error)
        failed.abort()
      }
    }),
  )
  if (failures.length > 0) throw failures[0]
}
