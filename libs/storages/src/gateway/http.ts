import { JSON_TYPE, PROTOBUF, type OpenStorage } from '@clymene/model'

import { createHttpPush, type HttpPushOptions } from '../http/push.ts'
import { gatewayVerdict } from '../verdicts.ts'
import { createSinkByKey } from './by-key.ts'
import { envelopeHeaders, logsJson, type LogsEncoding } from './message.ts'

export type HttpGatewayOptions = Pick<HttpPushOptions, 'timeoutMs' | 'connections' | 'maxErrorBytes' | 'access'> & {
  readonly metricsUrl: URL
  readonly logsUrl: URL
  readonly logsEncoding: LogsEncoding
  readonly userAgent: string
  readonly version: string
}

/** A gateway by HTTP: the envelope's headers are the request's. */
export function openHttpGateway({ metricsUrl, logsUrl, logsEncoding, userAgent, version, ...options }: HttpGatewayOptions): OpenStorage {
  const headers = { 'user-agent': userAgent, 'clymene-version': version }
  const metrics = createHttpPush({ ...options, url: metricsUrl, headers, judge: gatewayVerdict })
  const logs = createHttpPush({ ...options, url: logsUrl, headers, judge: gatewayVerdict })
  return {
    sinks: {
      metrics: createSinkByKey((delivery, signal) =>
        metrics.post(
          delivery.value,
          { ...envelopeHeaders(delivery), 'content-type': PROTOBUF, 'content-encoding': 'snappy' },
          signal,
          delivery.headers.records,
        ),
      ),
      logs: createSinkByKey((delivery, signal) =>
        logsEncoding === 'json'
          ? logs.post(logsJson(delivery), { ...envelopeHeaders(delivery), 'content-type': JSON_TYPE }, signal)
          : logs.post(delivery.value, { ...envelopeHeaders(delivery), 'content-type': PROTOBUF }, signal, delivery.headers.records),
      ),
    },
    check: async (signal) => void (await Promise.all([metrics.check(signal), logs.check(signal)])),
    close: async () => void (await Promise.all([metrics.close(), logs.close()])),
  }
}
