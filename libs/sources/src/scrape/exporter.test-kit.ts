import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Only for tests: an HTTP server on a free loopback port that answers with what `answer` does. */
export async function startExporter(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what listening on TCP gives
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    close: async (): Promise<void> => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const textPage = (response: ServerResponse, text: string): void => {
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text)
}
