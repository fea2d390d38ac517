import { describe, expect, test } from 'vitest'

import type { TlsOptions } from './client-tls.ts'
import { createRenewed } from './renewed.ts'

type Fake = { readonly of: TlsOptions | undefined; isClosed: boolean }

const files = (): TlsOptions => ({ rejectUnauthorized: true })

function start(tls: (() => TlsOptions) | undefined) {
  const opened: Fake[] = []
  const renewed = createRenewed<Fake>({
    tls,
    open: (of) => {
      const fake = { of, isClosed: false }
      opened.push(fake)
      return fake
    },
    close: async (fake) => void (fake.isClosed = true),
  })
  return { opened, renewed }
}

describe('createRenewed', () => {
  test('opens nothing before the first call, and one for all while nothing changes', async () => {
    const same = files()
    const { opened, renewed } = start(() => same)
    expect(opened).toEqual([])
    await renewed.use(async () => undefined)
    await renewed.use(async () => undefined)
    expect(opened).toEqual([{ of: same, isClosed: false }])
  })

  test('without files there is one for ever', async () => {
    const { opened, renewed } = start(undefined)
    await renewed.use(async () => undefined)
    await renewed.use(async () => undefined)
    expect(opened).toEqual([{ of: undefined, isClosed: false }])
  })

  test('after a change calls go to a new one; the old one lives until its last call is answered', async () => {
    let now = files()
    const { opened, renewed } = start(() => now)
    const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
    const calls = [first, second].map(({ promise }) => renewed.use(() => promise))
    now = files()
    expect(await renewed.use(async ({ of }) => of)).toBe(now)
    first.resolve('a')
    expect(await calls[0]).toBe('a')
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([false, false])
    second.reject(new Error('b'))
    await expect(calls[1]).rejects.toThrow('b')
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false])
  })

  test('one that nobody uses is closed at the change', async () => {
    let now = files()
    const { opened, renewed } = start(() => now)
    await renewed.use(async () => undefined)
    now = files()
    await renewed.use(async () => undefined)
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false])
  })

  test('files that cannot be used fail the call and keep what is open', async () => {
    const same = files()
    let isBroken = false
    const { opened, renewed } = start(() => {
      if (isBroken) throw new Error('cannot read /ca: no such file')
      return same
    })
    await renewed.use(async () => undefined)
    isBroken = true
    await expect(renewed.use(async () => undefined)).rejects.toThrow('cannot read /ca: no such file')
    isBroken = false
    await renewed.use(async () => undefined)
    expect(opened).toHaveLength(1)
  })

  test('one that is to be renewed is closed with its last call, and opened when it is needed', async () => {
    const same = files()
    const { opened, renewed } = start(() => same)
    const answer = Promise.withResolvers<void>()
    const call = renewed.use(() => answer.promise)
    renewed.renew()
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([false])
    answer.resolve()
    await call
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([true])
    await renewed.use(async () => undefined)
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false])
  })

  test('closing closes the one of now, and an old one with its last call', async () => {
    let now = files()
    const { opened, renewed } = start(() => now)
    const answer = Promise.withResolvers<void>()
    const old = renewed.use(() => answer.promise)
    now = files()
    await renewed.use(async () => undefined)
    await renewed.close()
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([false, true])
    answer.resolve()
    await old
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, true])
  })
})
