import { describe, test } from 'vitest'

import { catalog, type EngineName } from './catalog.ts'
import { recordedFailure } from './install-failure.ts'

/** Something else that a suite needs of the machine. */
export type Need = {
  readonly name: string
  /** Why it cannot be had; undefined when it can. */
  readonly whyNot: () => string | undefined
}

/** Why a suite cannot have this engine; undefined when it can. */
export function whyUnavailable(name: EngineName): string | undefined {
  if (catalog[name].isInstalled()) return undefined
  return (
    recordedFailure(name) ??
    `not installed: ${catalog[name].optional === true ? `node_modules/.bin/node test/engines/install.ts ${name}` : 'npm test -- --only=engines'}`
  )
}

/**
 * A suite that needs real engines, or more. Where one cannot be had, the suite is skipped and says which and why; with
 * CI=true that is a failure, because there nobody reads what was skipped.
 */
export function describeWithEngines(names: readonly EngineName[], title: string, suite: () => void, more: readonly Need[] = []): void {
  const needs = [...names.map((name): Need => ({ name, whyNot: () => whyUnavailable(name) })), ...more]
  const missing = needs.flatMap(({ name, whyNot }) => {
    const reason = whyNot()
    return reason === undefined ? [] : [`${name}: ${reason}`]
  })
  if (missing.length === 0) {
    describe(title, suite)
  } else if (process.env['CI'] === 'true') {
    test(`${title} has what it needs`, () => {
      throw new Error(missing.join('\n'))
    })
  } else {
    process.stderr.write(`skipped: ${title}, for want of ${missing.join('; ')}\n`)
    describe.skipIf(true)(`${title} (no ${missing.map((reason) => reason.split(':', 1)[0]).join(', no ')})`, suite)
  }
}
