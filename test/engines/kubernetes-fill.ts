import { fetch } from 'undici'

/** An object as it lies in etcd: complete, with a uid, because no API server adds anything. */
export type StoredObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string; readonly [key: string]: unknown }
  readonly [key: string]: unknown
}

/** Where an API server looks for them, below /registry. */
const FOLDERS: ReadonlyMap<string, string> = new Map([
  ['Pod', 'pods'],
  ['Node', 'minions'],
  ['Service', 'services/specs'],
  ['EndpointSlice', 'endpointslices'],
])

/** etcd takes 128 operations and 1.5 MiB in one transaction, and this gateway wants both in Base64. */
const MOST_OPERATIONS = 100
const MOST_BYTES = 1024 * 1024

/**
 * Writes objects past the API server into its etcd, which it watches: 10,000 pods of 12 KB in 4 s, where as many POSTs take minutes.
 *
 * @see https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/
 */
export async function fillKubernetes(etcdUrl: string, objects: Iterable<StoredObject>): Promise<void> {
  let success: object[] = []
  let bytes = 0
  const send = async (): Promise<void> => {
    if (success.length === 0) return
    const response = await fetch(`${etcdUrl}/v3/kv/txn`, { method: 'POST', body: JSON.stringify({ success }) })
    const answer = await response.text()
    if (!response.ok) throw new Error(`etcd answered ${response.status}: ${answer}`)
    success = []
    bytes = 0
  }
  for (const object of objects) {
    const value = Buffer.from(JSON.stringify(object))
    if (success.length === MOST_OPERATIONS || bytes + value.length > MOST_BYTES) await send()
    success.push({ requestPut: { key: Buffer.from(keyOf(object)).toString('base64'), value: value.toString('base64') } })
    bytes += value.length
  }
  await send()
}

function keyOf({ kind, metadata: { namespace, name } }: StoredObject): string {
  const folder = FOLDERS.get(kind)
  if (folder === undefined) throw new Error(`no folder is known for ${kind}, only for ${[...FOLDERS.keys()].join(', ')}`)
  return `/registry/${folder}/${namespace === undefined ? '' : `${namespace}/`}${name}`
}
