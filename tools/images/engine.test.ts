import { describe, expect, test } from 'vitest'

import { type Answer, checkPlatforms, findEngine } from './engine.ts'

const BOTH = ['linux/amd64', 'linux/arm64']
const OVERLAY = '[[Backing Filesystem extfs]]'

/** Answers by the beginning of the command line; what is not listed succeeds and says nothing. */
const asked =
  (answers: Readonly<Record<string, Answer>>) =>
  (program: string, args: readonly string[]): Answer => {
    const line = [program, ...args].join(' ')
    return Object.entries(answers).find(([start]) => line.startsWith(start))?.[1] ?? { status: 0, output: '' }
  }
const ABSENT: Answer = { status: undefined, output: '' }

describe('the engine', () => {
  test.each<[title: string, answers: Readonly<Record<string, Answer>>, expected: string]>([
    ['all work', {}, 'docker'],
    ['no docker', { docker: ABSENT }, 'podman'],
    ['docker without a daemon', { 'docker info': { status: 1, output: 'no daemon' } }, 'podman'],
    ['docker without buildx', { 'docker buildx': { status: 1, output: '' } }, 'podman'],
    ['buildah alone', { docker: ABSENT, podman: ABSENT }, 'buildah'],
  ])('%s', (_title, answers, expected) => {
    expect(findEngine(undefined, asked(answers))).toBe(expected)
  })

  test('one that is asked for by name is not replaced by another', () => {
    expect(() => findEngine('podman', asked({ podman: ABSENT }))).toThrow(
      /^no engine that can build images:\n {2}podman: is not on the PATH\nInstall/,
    )
  })
})

describe('several platforms', () => {
  test.each<[title: string, engine: 'docker' | 'podman', push: boolean, answers: Readonly<Record<string, Answer>>]>([
    ['podman', 'podman', false, {}],
    [
      'docker with its containerd store',
      'docker',
      false,
      { 'docker info': { status: 0, output: '[[driver-type io.containerd.snapshotter.v1]]' } },
    ],
    [
      'docker with a builder of its own, to a registry',
      'docker',
      true,
      {
        'docker info': { status: 0, output: OVERLAY },
        'docker buildx inspect': { status: 0, output: 'Name: b\nDriver: docker-container\n' },
      },
    ],
  ])('%s', (_title, engine, push, answers) => {
    expect(() => checkPlatforms(engine, BOTH, push, asked(answers))).not.toThrow()
  })

  test.each<[title: string, push: boolean, expected: RegExp]>([
    [
      'to keep them',
      false,
      /^docker keeps an image of one platform here: add --push, or take --platform=linux\/amd64, or .*containerd-snapshotter/,
    ],
    ['to push them', true, /cannot build several platforms at a time: make one that can by `docker buildx create .*--use`$/],
  ])('docker as it is installed, %s', (_title, push, expected) => {
    const ask = asked({
      'docker info': { status: 0, output: OVERLAY },
      'docker buildx inspect': { status: 0, output: 'Driver:  docker\n' },
    })
    expect(() => checkPlatforms('docker', BOTH, push, ask)).toThrow(expected)
  })

  test('one platform asks nothing', () => {
    expect(() => checkPlatforms('docker', ['linux/arm64'], false, asked({ docker: ABSENT }))).not.toThrow()
  })
})
