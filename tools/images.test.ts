import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clymene-engines-'))
  program(
    'git',
    'case "$1" in rev-parse) echo 1234abcd;; status) ;; config) echo https://me:secret@git.example.com/team/clymene.git;; esac',
  )
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A program on the PATH that writes down how it was called, and then does what `script` says. */
function program(name: string, script = ''): void {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n[ ${name} = git ] || echo ${name} "$@" >> "$CALLS"\n${script}\n`)
  chmodSync(path, 0o755)
}

type Ended = { readonly status: number | null; readonly output: string; readonly errors: string; readonly calls: readonly string[] }

/** Runs tools/images.ts where no programs are but those of the test. */
const images = (...args: readonly string[]): Promise<Ended> => imagesOf(root, ...args)

function imagesOf(checkout: string, ...args: readonly string[]): Promise<Ended> {
  const calls = join(folder, 'calls')
  const child = spawn(process.execPath, [join(checkout, 'tools/images.ts'), ...args], {
    env: { PATH: `${folder}:/nowhere`, CALLS: calls, SOURCE_DATE_EPOCH: '1800000000' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (bytes: Buffer) => (output += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) =>
      resolve({ status, output, errors, calls: existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [] }),
    )
  })
}

const ARGUMENTS =
  '--build-arg=VERSION=0.1.0 --build-arg=REVISION=1234abcd --build-arg=SOURCE=https://git.example.com/team/clymene --build-arg=BUILD_TIME=2027-01-15T08:00:00Z'

describe('what is run', () => {
  test('docker, which is looked for first: builds, keeps', async () => {
    program('docker')
    program('podman')
    const { status, errors, output, calls } = await images('--registry=registry.example.com/team/', '--tag=1.2.3', '--only=gateway')
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    expect(calls).toEqual([
      'docker info --format {{.ServerVersion}}',
      'docker buildx version',
      `docker buildx build --file=services/gateway/Dockerfile --tag=registry.example.com/team/clymene-gateway:1.2.3 ${ARGUMENTS} --load .`,
    ])
    expect(output).toContain(`$ ${calls[2]}\n`)
    expect(output).toContain('  - { name: bourbonkk/clymene-gateway, newName: registry.example.com/team/clymene-gateway, newTag: 1.2.3 }\n')
    expect(output).toContain('Helm: --set image.registry=registry.example.com/team --set-string image.tag=1.2.3\n')
  })

  test('docker: both platforms, with what says how it was made', async () => {
    program('docker', '[ "$2" != inspect ] || echo "Driver:           docker-container"')
    const { status, errors, calls } = await images('--push', '--platform=linux/amd64,linux/arm64', '--only=clymene')
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    expect(calls.at(-1)).toBe(
      `docker buildx build --file=services/clymene/Dockerfile --tag=bourbonkk/clymene:0.1.0 --platform=linux/amd64,linux/arm64 ${ARGUMENTS} --push --provenance=mode=max --sbom=true .`,
    )
  })

  test.each(['podman', 'buildah'] as const)('%s: builds all five, pushes each', async (name) => {
    program(name)
    const { status, errors, calls } = await images('--push', '--platform=linux/arm64')
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    const built = ['agent', 'gateway', 'ingester', 'all-in-one', 'clymene'].flatMap((service) => {
      const image = `bourbonkk/${service === 'clymene' ? 'clymene' : `clymene-${service}`}:0.1.0`
      return [
        `${name} build --format=docker --file=services/${service}/Dockerfile --tag=${image} --platform=linux/arm64 ${ARGUMENTS} .`,
        `${name} push ${image}`,
      ]
    })
    expect(calls.slice(1)).toEqual(built)
  })

  test('podman where docker has no daemon: a list of both platforms, made anew', async () => {
    program('docker', 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
    program('podman', '[ "$2" != rm ] || exit 1')
    const { status, errors, calls } = await images('--push', '--platform=linux/amd64, linux/arm64,linux/amd64', '--only=agent')
    expect({ status, errors }).toEqual({ status: 0, errors: '' })
    expect(calls.slice(2)).toEqual([
      'podman manifest rm bourbonkk/clymene-agent:0.1.0',
      `podman build --format=docker --file=services/agent/Dockerfile --manifest=bourbonkk/clymene-agent:0.1.0 --platform=linux/amd64,linux/arm64 ${ARGUMENTS} .`,
      'podman manifest push --all bourbonkk/clymene-agent:0.1.0 docker://bourbonkk/clymene-agent:0.1.0',
    ])
  })

  test('a dry run of an engine that is not here: the commands, none is run', async () => {
    const { status, errors, output, calls } = await images('--dry-run', '--engine=buildah', '--push', '--only=ingester')
    expect({ status, errors, calls }).toEqual({ status: 0, errors: '', calls: [] })
    expect(output).toContain('$ buildah build --format=docker --file=services/ingester/Dockerfile --tag=bourbonkk/clymene-ingester:0.1.0 ')
    expect(output).toContain('$ buildah push bourbonkk/clymene-ingester:0.1.0\n')
  })
})

test('a dry run where no engine is: the commands of docker, and what to write into the kustomization', async () => {
  const { status, errors, output } = await images('--dry-run', '--registry=r.example', '--write-kustomization', '--only=gateway')
  expect({ status, errors }).toEqual({ status: 0, errors: '' })
  expect(output.split('\n')[0]).toBe('none of docker, podman, buildah works here: these are the commands of docker')
  expect(output).toContain('$ docker buildx build --file=services/gateway/Dockerfile --tag=r.example/clymene-gateway:')
  expect(output).toContain('  - { name: bourbonkk/clymene-gateway, newName: r.example/clymene-gateway, newTag: 0.1.0 }\n')
})

describe('what goes wrong', () => {
  test('a build that fails: nothing after it is done', async () => {
    program('podman', '[ "$1" != build ] || exit 7')
    const { status, errors, calls } = await images('--push', '--engine=podman')
    expect({ status, errors }).toEqual({ status: 1, errors: 'podman ended with status 7; what comes after it was not done\n' })
    expect(calls).toHaveLength(2)
  })

  test('no engine: what each lacks, and what to do', async () => {
    program('docker', '[ "$1" = info ] || { echo "unknown command: buildx" >&2; exit 1; }')
    program('buildah', 'echo "cannot set up namespace" >&2; exit 125')
    const { status, errors, calls } = await images()
    expect(status).toBe(2)
    expect(errors.split('\n')).toEqual([
      'no engine that can build images:',
      expect.stringMatching(/^ {2}docker: is there without buildx, .*docker-buildx.* \(unknown command: buildx\)$/),
      '  podman: is not on the PATH',
      expect.stringMatching(/^ {2}buildah: is there, and does not work: .*BUILDAH_ISOLATION=chroot.* \(cannot set up namespace\)$/),
      expect.stringMatching(/^Install one of docker \(with buildx\), podman, buildah; --dry-run prints/),
      '',
    ])
    expect(calls).toHaveLength(3)
  })

  test('a kustomization that would find no image: nothing is built or written', async () => {
    const checkout = join(folder, 'checkout')
    for (const name of ['tools', 'k8s', 'package.json']) cpSync(join(root, name), join(checkout, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
    const [file, kustomization] = ['k8s/clymene-metrics/3.clymene_gateway.yaml', 'k8s/components/images/kustomization.yaml']
    const text = readFileSync(join(checkout, file), 'utf8')
    writeFileSync(join(checkout, file), text.replace('image: bourbonkk/', 'image: r.example/team/'))
    program('docker')
    const { status, errors, calls } = await imagesOf(checkout, '--registry=r.example', '--write-kustomization')
    expect({ status, calls }).toEqual({ status: 2, calls: [] })
    expect(errors.split('\n')).toEqual([
      expect.stringMatching(/^--write-kustomization: k8s\/components\/images\/kustomization\.yaml finds images by the names /),
      `  ${file}: image r.example/team/clymene-gateway`,
      expect.stringMatching(/^Give them back their names /),
      '',
    ])
    expect(readFileSync(join(checkout, kustomization), 'utf8')).toBe(readFileSync(join(root, kustomization), 'utf8'))
  })

  test('every mistake at once', async () => {
    const { status, errors } = await images(
      '--registry=https://r',
      '--tag=a/b',
      '--platform=linux/s390x',
      '--engine=nerdctl',
      '--only=agnt',
    )
    expect(status).toBe(2)
    expect(errors.trimEnd().split('\n')).toEqual([
      '--registry="https://r": expected host[:port][/path] in lower case, without a scheme, such as registry.example.com/team',
      '--tag="a/b": expected letters, digits, _, . and -, at most 128, such as 0.1.0',
      '--platform="linux/s390x": expected one or both of linux/amd64, linux/arm64',
      '--engine="nerdctl": expected one of docker, podman, buildah',
      '--only="agnt": expected some of agent, gateway, ingester, all-in-one, clymene',
    ])
  })
})
