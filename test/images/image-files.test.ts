import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import { IMAGE_EXECUTABLES, IMAGE_SERVICES } from '../../tools/image-files.ts'
import { builtImage } from './built-image.ts'
import { runImage } from './run-image.ts'

beforeAll(() => Promise.all(IMAGE_SERVICES.map(builtImage)), 120_000)

const executables = IMAGE_SERVICES.flatMap((service) => IMAGE_EXECUTABLES[service].map((name) => [service, name] as const))

describe.each(executables)('the image of %s has %s', (service, name) => {
  test('that tells what it is', async () => {
    const { status, output } = await runImage(service, [name, '--help'])
    expect(status).toBe(0)
    expect(output).toMatch(name === 'clymene' ? /^clymene: metrics and logs/ : new RegExp(`^clymene ${name.replace('clymene-', '')}: `))
  })

  test('of the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
    expect(await runImage(service, [name, 'version'])).toEqual({ status: 0, output: `{"version":"${version}","buildTime":""}\n` })
  })
})

describe('the image of the command line', () => {
  test.each(['ledger', 'replay', 'explain', 'test', 'from-promtail'])('has clymene %s', async (tool) => {
    const { status, output } = await runImage('clymene', ['clymene', tool, '--help'])
    expect(status).toBe(0)
    expect(output).toContain(`clymene ${tool}`)
  })

  test('has status, which tells where it looked', async () => {
    const { status, output } = await runImage('clymene', ['clymene', 'status', '--status.http.host-port=127.0.0.1:1'])
    expect(status).toBe(1)
    expect(output).toMatch(/^http:\/\/127\.0\.0\.1:1\/: /)
  })

  test('has the page of the all-in-one', async () => {
    expect(readFileSync(join(await builtImage('clymene'), 'page/index.html'), 'utf8')).toContain('<title>Clymene</title>')
  })
})

test('health of an image says what is not ready, or not there', async () => {
  expect(await runImage('gateway', ['clymene-health'], { STATUS_HTTP_HOST_PORT: '127.0.0.1:1' })).toEqual({
    status: 1,
    output: expect.stringMatching(/^127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/),
  })
})
