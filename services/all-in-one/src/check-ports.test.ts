import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'

import { ConfigError } from '@clymene/model'
import type { Address } from '@clymene/runtime'
import { afterEach, expect, test } from 'vitest'

import { checkPorts } from './check-ports.ts'

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

async function taken(): Promise<Address> {
  const server = createServer()
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an object
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
}

async function free(): Promise<Address> {
  const address = await taken()
  const server = servers.pop()
  await new Promise((resolve) => server?.close(resolve))
  return address
}

const mistakesOf = async (addresses: Readonly<Record<string, Address>>): Promise<readonly string[]> => {
  const error: unknown = await checkPorts(new Map(Object.entries(addresses))).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return error instanceof ConfigError ? error.mistakes : []
}

test('free ports are free afterwards too', async () => {
  const address = await free()
  expect(await mistakesOf({ 'page.port': address })).toEqual([])
  expect(await mistakesOf({ 'page.port': address })).toEqual([])
})

test('every port in use is told at once, each with the flag that changes it', async () => {
  const [page, admin, reload] = [await taken(), await taken(), await free()]
  const mistakes = await mistakesOf({ 'page.port': page, 'admin.port': admin, 'reload.port': reload })
  expect(mistakes).toEqual([
    `--page.port=127.0.0.1:${page.port}: the port is in use by another process; choose another address with --page.port`,
    `--admin.port=127.0.0.1:${admin.port}: the port is in use by another process; choose another address with --admin.port`,
  ])
})

test('one address for two flags is a mistake of the second, a picked port (0) is not', async () => {
  const address = await free()
  expect(await mistakesOf({ 'page.port': address, 'admin.port': { ...address } })).toEqual([
    `--admin.port=127.0.0.1:${address.port}: --page.port has the same address, expected one of its own`,
  ])
  expect(await mistakesOf({ 'page.port': { host: '127.0.0.1', port: 0 }, 'admin.port': { host: '127.0.0.1', port: 0 } })).toEqual([])
})

test('an address of another machine', async () => {
  // TEST-NET-1 of RFC 5737: nobody has it.
  expect(await mistakesOf({ 'page.port': { host: '192.0.2.1', port: 15_600 } })).toEqual([
    expect.stringContaining('--page.port=192.0.2.1:15600: this machine does not have that address'),
  ])
})
