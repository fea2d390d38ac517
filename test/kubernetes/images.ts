/** What a container image is here: a few files of this machine laid over a bare root, and how its program starts. */
export type Image = {
  /** `from` on this machine, `to` in the container; files or folders, read-only. */
  readonly files: readonly { readonly from: string; readonly to: string }[]
  readonly entrypoint: readonly string[]
  /** Arguments where the container gives none. */
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Default 0, as in any image that says nothing. */
  readonly user?: number
  readonly group?: number
  readonly directory?: string
  /** Folders that exist, empty and owned by the user. */
  readonly folders?: readonly string[]
}

/** By repository, without registry and tag: `prom/node-exporter`. */
export type Images = Readonly<Record<string, Image>>

/** `docker.io/prom/prometheus:v3@sha256:…` → `prom/prometheus` */
export function repositoryOf(reference: string): string {
  const path = reference.replace(/@.*$/, '').replace(/:[^/:]*$/, '')
  const [first = '', ...rest] = path.split('/')
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? rest.join('/') : path
}
