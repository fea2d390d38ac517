import { ENGINE_NAMES, type EngineName } from './engine-names.ts'

/** What a program answers; status undefined when there is no such program. */
export type Answer = { readonly status: number | undefined; readonly output: string }
export type Ask = (program: string, args: readonly string[]) => Answer

/** No engine does what is asked; what each says, and what to do. */
export class EngineError extends Error {}

/** The question that only an engine which can build answers with status 0. */
const WORKS: Readonly<Record<EngineName, readonly string[]>> = {
  docker: ['info', '--format', '{{.ServerVersion}}'],
  podman: ['info', '--format', '{{.Version.Version}}'],
  buildah: ['info'],
}

const WITHOUT: Readonly<Record<EngineName, string>> = {
  docker:
    'is there, and its daemon does not answer: start it (`sudo systemctl start docker`, or Docker Desktop), and let your user into it',
  podman: 'is there, and does not work: on macOS and Windows `podman machine start`',
  buildah: 'is there, and does not work: without root it needs user namespaces, or BUILDAH_ISOLATION=chroot and STORAGE_DRIVER=vfs',
}

/**
 * The engine asked for, or the first that works.
 *
 * @throws EngineError naming what each engine lacks
 */
export function findEngine(asked: EngineName | undefined, ask: Ask): EngineName {
  const reasons: string[] = []
  for (const name of asked === undefined ? ENGINE_NAMES : [asked]) {
    const reason = whyNot(name, ask)
    if (reason === undefined) return name
    reasons.push(`${name}: ${reason}`)
  }
  const instead = 'Install one of docker (with buildx), podman, buildah; --dry-run prints what would be run where there is one.'
  throw new EngineError(`no engine that can build images:\n${reasons.map((reason) => `  ${reason}`).join('\n')}\n${instead}`)
}

/** Nothing is run, so one that is asked for need not be there; where none is, the commands are docker's, and `note` says so. */
export function engineForDryRun(asked: EngineName | undefined, ask: Ask): { readonly engine: EngineName; readonly note?: string } {
  if (asked !== undefined) return { engine: asked }
  const engine = ENGINE_NAMES.find((name) => whyNot(name, ask) === undefined)
  return engine === undefined
    ? { engine: 'docker', note: `none of ${ENGINE_NAMES.join(', ')} works here: these are the commands of docker` }
    : { engine }
}

function whyNot(name: EngineName, ask: Ask): string | undefined {
  const { status, output } = ask(name, WORKS[name])
  if (status === undefined) return 'is not on the PATH'
  if (status !== 0) return `${WITHOUT[name]}${said(output)}`
  if (name !== 'docker') return undefined
  const buildx = ask('docker', ['buildx', 'version'])
  return buildx.status === 0
    ? undefined
    : `is there without buildx, which it builds with: install docker-buildx-plugin (Debian: docker-buildx)${said(buildx.output)}`
}

/**
 * Whether this engine can build that many platforms at a time, and keep or push what it made.
 *
 * @throws EngineError with what to do instead
 */
export function checkPlatforms(engine: EngineName, platforms: readonly string[], push: boolean, ask: Ask): void {
  if (engine !== 'docker' || platforms.length < 2) return
  const store = ask('docker', ['info', '--format', '{{.DriverStatus}}']).output
  if (store.includes('containerd')) return
  if (!push)
    throw new EngineError(
      `docker keeps an image of one platform here: add --push, or take --platform=${platforms[0] ?? ''}, ` +
        'or switch its containerd image store on ("features": {"containerd-snapshotter": true} in /etc/docker/daemon.json)',
    )
  const builder = ask('docker', ['buildx', 'inspect']).output
  if (/^Driver:\s*docker$/m.test(builder))
    throw new EngineError(
      'the builder that docker uses here cannot build several platforms at a time: make one that can by `docker buildx create --name clymene --driver docker-container --use`',
    )
}

const said = (output: string): string => {
  const last = output.trim().split('\n').at(-1) ?? ''
  return last === '' ? '' : ` (${last})`
}
