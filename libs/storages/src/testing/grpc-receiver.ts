import { Server, ServerCredentials, type Metadata, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js'

export type ReceivedCall = {
  readonly path: string
  readonly message: Buffer
  readonly metadata: Metadata
  readonly cancelled: () => boolean
}

export type GrpcReceiver = {
  readonly address: string
  readonly calls: readonly ReceivedCall[]
  readonly stop: () => void
}

export type GrpcAnswer = (call: ReceivedCall, reply: sendUnaryData<Buffer>) => void

const PATHS = ['/prometheus.ClymeneService/RequestMetrics', '/logproto.Gateway/TransferBatch']
const asBytes = (bytes: Buffer): Buffer => bytes

/** A real gRPC server with the two services of a gateway, on a free port; answers with an empty message unless told otherwise. */
export async function startGrpcReceiver(
  answer: GrpcAnswer = (_, reply) => reply(null, Buffer.alloc(0)),
  options: { readonly credentials?: ServerCredentials; readonly maxBytes?: number } = {},
): Promise<GrpcReceiver> {
  const calls: ReceivedCall[] = []
  const server = new Server({ 'grpc.max_receive_message_length': options.maxBytes ?? 4 * 1024 * 1024 })
  for (const path of PATHS) {
    const method = { path, requestStream: false, responseStream: false, requestSerialize: asBytes, requestDeserialize: asBytes } as const
    const definition = { call: { ...method, responseSerialize: asBytes, responseDeserialize: asBytes } }
    server.addService(definition, {
      call: ({ request, metadata, ...call }: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
        const received = { path, message: request, metadata, cancelled: () => call.cancelled }
        calls.push(received)
        answer(received, reply)
      },
    })
  }
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', options.credentials ?? ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  return { address: `127.0.0.1:${port}`, calls, stop: () => server.forceShutdown() }
}
