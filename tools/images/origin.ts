import type { Origin } from './commands.ts'
import type { Ask } from './engine.ts'

/** What git and the environment say of this checkout; empty where they do not know. */
export function originOf(version: string, ask: Ask, env: NodeJS.ProcessEnv, now: Date): Origin {
  const git = (...args: readonly string[]): string => {
    const { status, output } = ask('git', args)
    return status === 0 ? output.trim() : ''
  }
  const revision = git('rev-parse', 'HEAD')
  // A build from sources that are in no commit says so.
  const isEdited = revision !== '' && git('status', '--porcelain') !== ''
  return {
    version,
    revision: isEdited ? `${revision}-dirty` : revision,
    source: githubSource(env) ?? withoutCredentials(git('config', '--get', 'remote.origin.url')),
    // Two builds of one commit are alike where this is set: https://reproducible-builds.org/specs/source-date-epoch/
    buildTime: (epoch(env) ?? now).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
}

function githubSource({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository }: NodeJS.ProcessEnv): string | undefined {
  return server === undefined || repository === undefined ? undefined : `${server}/${repository}`
}

function epoch({ SOURCE_DATE_EPOCH: seconds }: NodeJS.ProcessEnv): Date | undefined {
  return seconds !== undefined && /^\d+$/.test(seconds) ? new Date(Number(seconds) * 1000) : undefined
}

/** `https://user:token@host/x.git` and `git@host:x.git` as `https://host/x`: a label is read by everybody. A folder is nobody else's. */
export function withoutCredentials(remote: string): string {
  const [, host, path] = /^(?:https?:\/\/|ssh:\/\/)(?:[^@/]*@)?([^/]+)\/(.+?)(?:\.git)?\/?$/.exec(remote) ??
    /^(?:[^@/]+@)?([^/:]+):([^/].*?)(?:\.git)?$/.exec(remote) ?? [undefined, undefined, undefined]
  return host === undefined || path === undefined ? '' : `https://${host}/${path}`
}
