import { afterAll, describe, expect, test, vi } from 'vitest'

import { failureOf, startWay } from './testing/start-way.ts'
import { createTestFolder } from './testing/test-folder.ts'
import { WAYS } from './testing/ways.ts'

const folder = createTestFolder()
afterAll(folder.remove)

const soon = (check: () => Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 100 })

// Side by side: a file is looked at once a second, so most of this is waiting.
describe.concurrent('files of credentials that change while it runs', () => {
  test.for(WAYS)('$name: a token that is replaced is used soon', async (way, { onTestFinished: onFinished }) => {
    const name = `rotated ${way.name}`
    const path = folder.put(name, 'first-token')
    const { server, write } = await startWay(way, [`--${way.prefix}.token-file=${path}`], { onFinished })
    await write()
    folder.put(name, 'second-token')
    await soon(async () => {
      await write()
      expect(server.writes.at(-1)).toMatchObject({ authorization: 'Bearer second-token' })
    })
    expect(server.writes[0]).toMatchObject({ authorization: 'Bearer first-token' })
  })

  test.for(WAYS)(
    '$name: one that cannot be used stops the writes, with its name, until it is mended',
    async (way, { onTestFinished: onFinished }) => {
      const name = `gone ${way.name}`
      const path = folder.put(name, 'first-token')
      const { write } = await startWay(way, [`--${way.prefix}.token-file=${path}`], { onFinished })
      const until = (text: string) => soon(async () => expect(String(await failureOf(write()))).toContain(text))
      await write()
      folder.put(name, '\n')
      await until(`cannot use ${path}: it is empty`)
      folder.put(name, 'two\nlines')
      await until(`${path}: expected a token of visible ASCII in one line`)
      expect(await failureOf(write())).toMatchObject({ name: 'RetryableError', needsOperator: true })
      folder.put(name, 'mended')
      await until('stored')
    },
  )

  test.for(WAYS.filter(({ takes }) => takes === 'all'))('$name: further headers', async (way, { onTestFinished: onFinished }) => {
    const name = `headers ${way.name}`
    const path = folder.put(name, '# of the proxy\nX-Way: north\r\n\nx-key:  a, b\n')
    const flags = [`--${way.prefix}.headers-file=${path}`, `--${way.prefix}.token=t`]
    const { server, write } = await startWay(way, flags, { onFinished })
    await write()
    expect(server.writes[0]).toMatchObject({ 'x-way': 'north', 'x-key': 'a, b', authorization: 'Bearer t' })
    folder.put(name, 'x-other: south')
    await soon(async () => {
      await write()
      expect(server.writes.at(-1)).toMatchObject({ 'x-other': 'south' })
    })
    expect(server.writes.at(-1)).not.toHaveProperty('x-way')
    folder.put(name, 'authorization: mine')
    const message = expect.stringContaining(`${path}: authorization is said by --${way.prefix}.token already`)
    await soon(async () => expect(await failureOf(write())).toMatchObject({ name: 'RetryableError', needsOperator: true, message }))
  })
})
