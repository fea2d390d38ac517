import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a path answers. */
export type ScriptedPage = {
  readonly status?: number
  readonly type?: string
  readonly body: string
}

export type ScriptedExporter = {
  readonly address: string
  /** From now on the pages are those of this step. */
  readonly show: (step: number) => void
  /** How often who is asking (the first word of its User-Agent) was given a path since the last `show`. */
  readonly given: (scraper: string, path: string) => number
  readonly close: () => Promise<void>
}

const TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/** Serves pages that are the same for all who ask until the next step is shown. */
export async function startScriptedExporter(pages: ReadonlyMap<string, (step: number) => ScriptedPage>): Promise<ScriptedExporter> {
  let step = 0
  const given = new Map<string, number>()
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    const page = pages.get(path)?.(step)
    if (page === undefined) {
      response.writeHead(404).end()
      return
    }
    const key = `${scraperOf(request)} ${path}`
    given.set(key, (given.get(key) ?? 0) + 1)
    response.writeHead(page.status ?? 200, { 'content-type': page.type ?? TEXT }).end(page.body)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    show: (next) => {
      step = next
      given.clear()
    },
    given: (scraper, path) => given.get(`${scraper} ${path}`) ?? 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const scraperOf = ({ headers }: IncomingMessage): string => (headers['user-agent'] ?? '').split('/')[0] ?? ''
