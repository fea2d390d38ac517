import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js'

import type { Answer } from './answer.ts'
import type { Admission } from './credentials/admission.ts'
import type { ClientCertificates, Peer } from './credentials/client-certificates.ts'
import type { Grant } from './credentials/tokens.ts'

export type GrpcAdmission = {
  readonly interceptor: ServerInterceptor
  /** What the token of a call allows, by the call's metadata. */
  readonly grantOf: (metadata: Metadata) => Grant | undefined
  /** Tells of a call that its token does not allow. */
  readonly forbidden: (metadata: Metadata, reason: string) => void
}

export type GrpcAdmissionOptions = {
  readonly admission: Admission
  readonly certificates: () => ClientCertificates | undefined
  readonly onRefused: (path: string, answer: Answer) => void
}

/** Judges a call by its metadata, before its message is read. */
export function createGrpcAdmission({ admission, certificates, onRefused }: GrpcAdmissionOptions): GrpcAdmission {
  const senders = new WeakMap<Metadata, { readonly grant: Grant; readonly peer: Peer }>()
  const interceptor: ServerInterceptor = ({ path }, call) =>
    new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const peer = call.getConnectionInfo()
            const { grant, refusal } = admission.admit({
              protocol: 'grpc',
              authorization: metadata.get('authorization')[0]?.toString(),
              peer,
              certificates: certificates(),
            })
            if (refusal !== undefined) {
              onRefused(path, refusal)
              return call.sendStatus({ code: refusal.grpc, details: refusal.reason })
            }
            if (grant !== undefined) senders.set(metadata, { grant, peer })
            return pass(metadata)
          },
        }),
    })
  return {
    interceptor,
    grantOf: (metadata) => senders.get(metadata)?.grant,
    forbidden: (metadata, reason) => admission.forbidden({ protocol: 'grpc', peer: senders.get(metadata)?.peer ?? {} }, reason),
  }
}
