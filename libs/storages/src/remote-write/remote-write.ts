import type { OpenStorage } from '@clymene/model'

import { createBlockSink } from '../http/block-sink.ts'
import { createHttpPush, type HttpPushOptions } from '../http/push.ts'
import { sampleVerdict } from '../verdicts.ts'

export type RemoteWriteOptions = Pick<HttpPushOptions, 'url' | 'timeoutMs' | 'connections' | 'maxErrorBytes' | 'access'> & {
  /** '' is `Clymene/<version>`. */
  readonly userAgent: string
  /** Of everything; '' is that of each delivery. */
  readonly tenant: string
  readonly version: string
}

/**
 * A receiver of remote write 1.0, under whoever's flags.
 *
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
export function openRemoteWrite({ userAgent, tenant, version, ...options }: RemoteWriteOptions): OpenStorage {
  const headers = {
    'content-encoding': 'snappy',
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
    'user-agent': userAgent === '' ? `Clymene/${version}` : userAgent,
    'clymene-version': version,
  }
  const push = createHttpPush({ ...options, headers, judge: sampleVerdict })
  return { sinks: { metrics: createBlockSink(push, tenant) }, check: push.check, close: push.close }
}
