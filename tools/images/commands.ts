import type { ImageService } from '../image-files.ts'
import { IMAGE_EXECUTABLES } from '../image-files.ts'
import type { EngineName } from './engine-names.ts'
import type { ImageOptions } from './options.ts'

export type ImageCommand = {
  readonly program: EngineName
  readonly args: readonly string[]
  /** It removes what an earlier run may have left: there may be nothing. */
  readonly mayFail?: true
}

/** What the labels of an image say of where it comes from. */
export type Origin = { readonly version: string; readonly revision: string; readonly source: string; readonly buildTime: string }

/** `registry.example.com/team/clymene-agent:0.1.0` */
export const imageReference = ({ registry, tag }: Pick<ImageOptions, 'registry' | 'tag'>, service: ImageService): string =>
  `${registry}/${IMAGE_EXECUTABLES[service][0]}:${tag}`

/** The commands that build and, if asked, push the images, from the root of the checkout. */
export const commandsOf = (engine: EngineName, options: ImageOptions, origin: Origin): readonly ImageCommand[] =>
  options.only.flatMap((service) =>
    engine === 'docker' ? [ofDocker(service, options, origin)] : withoutDaemon(engine, service, options, origin),
  )

function ofDocker(service: ImageService, options: ImageOptions, origin: Origin): ImageCommand {
  const { platforms, push } = options
  return {
    program: 'docker',
    args: [
      'buildx',
      'build',
      `--file=services/${service}/Dockerfile`,
      `--tag=${imageReference(options, service)}`,
      ...(platforms.length > 0 ? [`--platform=${platforms.join(',')}`] : []),
      ...buildArguments(origin),
      // What it was made from and how, signed by nobody: `docker buildx imagetools inspect` shows it. Only a registry can keep it.
      ...(push ? ['--push', '--provenance=mode=max', '--sbom=true'] : ['--load']),
      '.',
    ],
  }
}

/** podman and buildah know the same words. HEALTHCHECK is only in Docker's format. */
function withoutDaemon(
  program: 'podman' | 'buildah',
  service: ImageService,
  options: ImageOptions,
  origin: Origin,
): readonly ImageCommand[] {
  const { platforms, push } = options
  const image = imageReference(options, service)
  const several = platforms.length > 1
  const build = [
    'build',
    '--format=docker',
    `--file=services/${service}/Dockerfile`,
    several ? `--manifest=${image}` : `--tag=${image}`,
    ...(platforms.length > 0 ? [`--platform=${platforms.join(',')}`] : []),
    ...buildArguments(origin),
    '.',
  ]
  const pushed = several ? ['manifest', 'push', '--all', image, `docker://${image}`] : ['push', image]
  return [
    // A list that is there would be added to.
    ...(several ? [{ program, args: ['manifest', 'rm', image], mayFail: true } as const] : []),
    { program, args: build },
    ...(push ? [{ program, args: pushed }] : []),
  ]
}

const buildArguments = ({ version, revision, source, buildTime }: Origin): readonly string[] => [
  `--build-arg=VERSION=${version}`,
  `--build-arg=REVISION=${revision}`,
  `--build-arg=SOURCE=${source}`,
  `--build-arg=BUILD_TIME=${buildTime}`,
]

/** As it would be typed into a shell. */
export const commandLine = ({ program, args }: ImageCommand): string =>
  [program, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll(`'`, `'\\''`)}'`)).join(' ')
