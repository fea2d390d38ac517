import { makeWorld, startAllInOne, type AllInOne } from '../e2e/all-in-one.ts'

/** A real gateway before the embedded bus, whose ingester writes into a Loki. */
export type RealGateway = AllInOne & { readonly logsUrl: string; readonly remove: () => void }

export async function startRealGateway(lokiUrl: string): Promise<RealGateway> {
  const world = makeWorld('torture')
  const service = await startAllInOne({
    flags: [
      ...world.flags,
      '--host.interval=0',
      '--storage-type=loki',
      `--loki.client.url=${lokiUrl}/loki/api/v1/push`,
      '--loki.client.timeout=2s',
    ],
  })
  return {
    ...service,
    get pid() {
      return service.pid
    },
    logsUrl: `http://127.0.0.1:${service.ports['gateway.http-server.host-port']}/api/logs`,
    remove: world.remove,
  }
}
