import { storages } from '@clymene/storages'
import { expect, test } from 'vitest'

import { commandFlags, sourceFlags, VERBS } from './flags.ts'
import { replayHelp } from './help.ts'

test('the help has every verb and every flag that does something, and none that is only accepted', () => {
  const all = [commandFlags, sourceFlags, ...storages.map(({ flags }) => flags)].flatMap((flags) => Object.entries(flags))
  const listed = [...replayHelp().matchAll(/^ {2}--(\S+)/gm)].map(([, name]) => name)
  const effective = all.flatMap(([name, { noEffect }]) => (noEffect === undefined ? [name] : []))
  expect(effective.length).toBeLessThan(all.length)
  expect(new Set(listed)).toEqual(new Set(effective))
  expect(replayHelp()).not.toContain('No effect')
  for (const verb of Object.keys(VERBS)) expect(replayHelp()).toContain(`\n  clymene replay ${verb} [flags]\n`)
})

test('it tells where the storage of send may stand', () => {
  expect(replayHelp()).toMatch(/--storage .*\n.*STORAGE_TYPE/)
})
