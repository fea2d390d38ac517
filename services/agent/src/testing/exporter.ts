import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A target that answers every scrape with this page, on a free port. */
export async function startExporter(page: string): Promise<{ readonly address: string; readonly close: () => Promise<void> }> {
  const server = createServer((_request, response) => void response.setHeader('content-type', 'text/plain; version=0.0.4').end(page))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has an AddressInfo
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
