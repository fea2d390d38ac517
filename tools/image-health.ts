/**
 * The HEALTHCHECK of an image, `clymene-health <ENTRYPOINT's name>`: asks the admin ports that the container's service was started with for
 * their readiness, prints the reasons where it is not ready, and ends with 0 or 1. A file of its own: the service's takes half a second of CPU
 * time to load, and this is asked every 30 s.
 */
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { basename } from 'node:path'

/** Where each executable of the images serves health: the flag that says so, and its default. */
export const ADMIN_PORTS: Readonly<Record<string, readonly (readonly [flag: string, port: string])[]>> = {
  'clymene-agent': [['admin.http.host-ports', ':15691']],
  promtail: [['admin.http.host-ports', ':15698']],
  'clymene-gateway': [['admin.http.host-ports', ':15690']],
  'promtail-gateway': [['admin.http.host-ports', ':15690']],
  'clymene-ingester': [['admin.http.host-ports', ':15694']],
  'promtail-ingester': [['admin.http.host-ports', ':15694']],
  'clymene-all-in-one': [
    ['agent.admin.http.host-ports', '127.0.0.1:15691'],
    ['gateway.admin.http.host-ports', '127.0.0.1:15690'],
    ['ingester.admin.http.host-ports', '127.0.0.1:15694'],
  ],
}

const WITHIN_MS = 5000
const EVERY_ADDRESS = ['', '0.0.0.0', '[::]']

/**
 * The addresses to ask, as `host:port`. `words` is the command line of the container's first process, the service or an init before it;
 * `entrypoint` is what it runs where the words do not tell. STATUS_HTTP_HOST_PORT wins, then the flag, then its variable.
 */
export function adminAddresses(words: readonly string[], env: NodeJS.ProcessEnv, entrypoint: string): readonly string[] {
  const said = env['STATUS_HTTP_HOST_PORT']
  if (said !== undefined && said !== '') return [reachable(said)]
  const program = words.map((word) => basename(word)).find((name) => Object.hasOwn(ADMIN_PORTS, name)) ?? entrypoint
  return (ADMIN_PORTS[program] ?? []).map(([flag, port]) => {
    const variable = env[flag.toUpperCase().replaceAll(/[.-]/g, '_')]
    return reachable(flagIn(words, flag) ?? (variable === undefined || variable === '' ? port : variable))
  })
}

/** As everywhere, the last one counts. */
function flagIn(words: readonly string[], flag: string): string | undefined {
  const at = words.findLastIndex((word) => word === `--${flag}` || word.startsWith(`--${flag}=`))
  const word = words[at]
  return word === `--${flag}` ? words[at + 1] : word?.slice(flag.length + 3)
}

/** `15690`, `:15690` and `0.0.0.0:15690` listen on every address: on loopback, too. */
function reachable(address: string): string {
  const [, host = '', port = ''] = /^(?:(.*):)?(\d+)$/.exec(address) ?? []
  return `${EVERY_ADDRESS.includes(host) ? '127.0.0.1' : host}:${port}`
}

/** What the admin port at `address` says of itself; undefined when it is ready. */
export const unready = (address: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    const request = get(`http://${address}/readyz`, { timeout: WITHIN_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('error', (error) => resolve(`${address}: ${error.message}`))
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : `${address}: ${text.trim()}`))
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${WITHIN_MS} ms`)))
    request.on('error', (error) => resolve(`${address}: ${error.message}`))
  })

/** The words of process 1; none where /proc does not show them. */
function firstProcess(): readonly string[] {
  try {
    return readFileSync('/proc/1/cmdline', 'utf8').split('\0')
  } catch {
    return []
  }
}

/** Called by the launcher of the image. Resolves with the exit status. */
export async function checkHealth(entrypoint: string): Promise<number> {
  const answers = await Promise.all(adminAddresses(firstProcess(), process.env, entrypoint).map(unready))
  const reasons = answers.filter((reason) => reason !== undefined)
  process.stdout.write(reasons.length === 0 ? 'ready\n' : `${reasons.join('\n')}\n`)
  return reasons.length === 0 ? 0 : 1
}
