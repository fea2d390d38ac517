import { appendFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { freePort } from '../engines/index.ts'
import { builtMain, makeWorld, node, pageApi, pickPorts, PORT_FLAGS, portFlags, root, type Ports } from './all-in-one.ts'
import { isUp, start as startIn, type Started } from './processes.ts'
import { numbersTo } from './world.ts'

const WAIT = { timeout: 90_000, interval: 100 }
const STOP_WITHIN_MS = 10_000

const start = (command: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Started =>
  startIn(command, args, { cwd: root, environment })
const startBuilt = async (flags: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Started> =>
  start(node, [await builtMain(), ...flags], environment)
const npmStart = (flags: readonly string[]): Started => start('npm', ['start', '--', ...flags])

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', () => resolve(false))
  })

describe.each([
  { title: 'Ctrl-C in the terminal: SIGINT for npm and for what it started', target: (pid: number) => -pid, signal: 'SIGINT' as const },
  { title: 'SIGINT for npm alone', target: (pid: number) => pid, signal: 'SIGINT' as const },
  { title: 'SIGTERM for npm alone', target: (pid: number) => pid, signal: 'SIGTERM' as const },
])('$title', ({ target, signal }) => {
  const world = makeWorld('stop')
  let ports: Ports
  let next: Started | undefined

  beforeAll(async () => {
    ports = await pickPorts()
  })
  afterAll(async () => {
    next?.process.kill('SIGTERM')
    await next?.exit
    world.remove()
  })

  test('ends with status 0 within ten seconds, everything written is in the store after the next start, nothing listens any more', async () => {
    const flags = [...portFlags(ports), ...world.flags]
    const running = npmStart(flags)
    await isUp(ports, running)
    const api = pageApi(`http://127.0.0.1:${ports['page.http.host-port']}`)
    const path = join(world.logs, 'numbered.log')
    let written = 0
    const write = (count: number): void => appendFileSync(path, Array.from({ length: count }, () => `line ${++written}\n`).join(''))
    write(5000)
    await expect.poll(async () => (await api.lines('filename=~".*/numbered.log"')).length, WAIT).toBeGreaterThan(0)
    write(5000)
    const began = performance.now()
    process.kill(target(running.process.pid!), signal)
    expect(await running.exit).toEqual({ status: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(STOP_WITHIN_MS)
    expect(running.output()).toContain('"msg":"stopped"')
    expect(running.output()).not.toContain('"level":"error"')
    for (const flag of PORT_FLAGS) expect([flag, await listens(ports[flag])]).toEqual([flag, false])

    write(10)
    next = await startBuilt([...flags])
    await isUp(ports, next)
    await expect
      .poll(async () => (await api.lines('filename=~".*/numbered.log"')).map(({ line }) => Number(line.slice('line '.length))), WAIT)
      .toEqual(numbersTo(written))
  })
})

describe('a port that is in use', () => {
  const world = makeWorld('ports')
  const servers: Server[] = []
  afterAll(async () => {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    world.remove()
  })
  const take = async (port: number): Promise<void> => {
    const server = createServer()
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  }

  const inUse = (flag: (typeof PORT_FLAGS)[number], ports: Ports): string =>
    `--${flag}=127.0.0.1:${ports[flag]}: the port is in use by another process; choose another address with --${flag}`

  test('one of them is named, status 2', async () => {
    const ports = await pickPorts()
    await take(ports['ingester.admin.http.host-ports'])
    const { exit, output } = await startBuilt([...portFlags(ports), ...world.flags])
    expect(await exit).toEqual({ status: 2, signal: null })
    expect(output().trim()).toBe(inUse('ingester.admin.http.host-ports', ports))
  })

  test('each is named, all at once, when a second one is started', async () => {
    const ports = await pickPorts()
    for (const port of Object.values(ports)) await take(port)
    const { exit, output } = await startBuilt([...portFlags(ports), ...world.flags])
    expect(await exit).toEqual({ status: 2, signal: null })
    expect(output().trim().split('\n')).toEqual(PORT_FLAGS.map((flag) => inUse(flag, ports)))
  })
})

describe('what cannot start', () => {
  const world = makeWorld('mistakes')
  afterAll(() => world.remove())

  test('a second process on the same data is refused by name, and ends', async () => {
    const [ports, others] = [await pickPorts(), await pickPorts()]
    const first = await startBuilt([...portFlags(ports), ...world.flags])
    await isUp(ports, first)
    const second = await startBuilt([...portFlags(others), ...world.flags])
    expect(await second.exit).toEqual({ status: 2, signal: null })
    expect(second.output()).toContain(`--data.dir="${world.data}"`)
    first.process.kill('SIGTERM')
    expect(await first.exit).toEqual({ status: 0, signal: null })
  })

  test('a data folder that is a file', async () => {
    const path = join(world.directory, 'a-file')
    appendFileSync(path, 'x')
    const { exit, output } = await startBuilt([...portFlags(await pickPorts()), `--data.dir=${path}`])
    expect(await exit).toEqual({ status: 2, signal: null })
    expect(output()).toMatch(/^--data\.dir=".*a-file": /)
    expect(output().trim().split('\n')).toHaveLength(1)
  })

  test('a store smaller than it can be, and a configuration with mistakes', async () => {
    const path = join(world.directory, 'bad.yml')
    appendFileSync(path, 'scrape_configs:\n  - job_nam: x\n')
    const small = await startBuilt([...portFlags(await pickPorts()), ...world.flags, '--embedded.max-bytes=1MiB'])
    const bad = await startBuilt([...portFlags(await pickPorts()), ...world.flags, `--config.file=${path}`])
    expect(await small.exit).toEqual({ status: 2, signal: null })
    expect(small.output()).toContain('--embedded.max-bytes')
    expect(await bad.exit).toEqual({ status: 2, signal: null })
    expect(bad.output()).toContain('job_nam')
  })

  test('stops within ten seconds when everything it sends to is away', async () => {
    const ports = await pickPorts()
    const away = `127.0.0.1:${await freePort()}`
    const started = await startBuilt(
      [
        ...portFlags(ports),
        ...world.flags,
        '--bus=kafka',
        `--kafka.producer.brokers=${away}`,
        `--kafka.consumer.brokers=${away}`,
        `--prometheus.remote.url=http://${away}/api/v1/write`,
        `--loki.client.url=http://${away}/loki/api/v1/push`,
      ],
      { STORAGE_TYPE: 'prometheus,loki' },
    )
    await isUp(ports, started)
    await expect
      .poll(async () => (await pageApi(`http://127.0.0.1:${ports['page.http.host-port']}`).flow()).map(({ ready }) => ready), WAIT)
      .toContain(false)
    const began = performance.now()
    started.process.kill('SIGINT')
    expect(await started.exit).toEqual({ status: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(STOP_WITHIN_MS)
  })
})
