import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { beforeAll, describe, expect, test } from 'vitest'

import { IMAGE_EXECUTABLES, IMAGE_SERVICES, type ImageService } from '../../tools/image-files.ts'
import { builtImage } from './built-image.ts'

const folders = new Map<ImageService, string>()
const imageOf = (service: ImageService): string => folders.get(service) ?? ''

beforeAll(() => Promise.all(IMAGE_SERVICES.map(async (service) => folders.set(service, await builtImage(service)))), 120_000)

type Ended = { readonly status: number | null; readonly output: string }

/** Runs an executable of an image as a container would: its folder first on the PATH, no node_modules beside it, no variables but these. */
function run(
  service: ImageService,
  [program = '', ...args]: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: imageOf(service),
      env: { PATH: `${imageOf(service)}/bin:${dirname(process.execPath)}:/usr/bin:/bin`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes: Buffer) => (output += bytes.toString()))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output }))
  })
}

const executables = IMAGE_SERVICES.flatMap((service) => IMAGE_EXECUTABLES[service].map((name) => [service, name] as const))

describe.each(executables)('the image of %s has %s', (service, name) => {
  test('that tells what it is', async () => {
    const { status, output } = await run(service, [name, '--help'])
    expect(status).toBe(0)
    expect(output).toMatch(name === 'clymene' ? /^clymene: metrics and logs/ : new RegExp(`^clymene ${name.replace('clymene-', '')}: `))
  })

  test('of the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
    expect(await run(service, [name, 'version'])).toEqual({ status: 0, output: `{"version":"${version}","buildTime":""}\n` })
  })
})

describe('the image of the command line', () => {
  test.each(['ledger', 'replay', 'explain', 'test', 'from-promtail'])('has clymene %s', async (tool) => {
    const { status, output } = await run('clymene', ['clymene', tool, '--help'])
    expect(status).toBe(0)
    expect(output).toContain(`clymene ${tool}`)
  })

  test('has status, which tells where it looked', async () => {
    const { status, output } = await run('clymene', ['clymene', 'status', '--status.http.host-port=127.0.0.1:1'])
    expect(status).toBe(1)
    expect(output).toMatch(/^http:\/\/127\.0\.0\.1:1\/: /)
  })

  test('has the page of the all-in-one', () => {
    expect(readFileSync(join(imageOf('clymene'), 'page/index.html'), 'utf8')).toContain('<title>Clymene</title>')
  })
})

test('health of an image says what is not ready, or not there', async () => {
  expect(await run('gateway', ['clymene-health'], { STATUS_HTTP_HOST_PORT: '127.0.0.1:1' })).toEqual({
    status: 1,
    output: expect.stringMatching(/^127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/),
  })
})
