import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { Agent, request } from 'undici'

import type { Container, Probe } from '../objects.ts'

/** The kubelet trusts any certificate of a probed pod. */
const dispatcher = new Agent({ connect: { rejectUnauthorized: false }, keepAliveTimeout: 1 })

/** Asks once. */
export async function passes(probe: Probe, container: Container, address: string): Promise<boolean> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000
  try {
    if (probe.httpGet !== undefined) {
      const { path = '/', port, scheme = 'HTTP' } = probe.httpGet
      const url = `${scheme.toLowerCase()}://${address}:${portOf(container, port)}${path}`
      const { statusCode, body } = await request(url, { dispatcher, signal: AbortSignal.timeout(timeoutMs), headersTimeout: timeoutMs })
      await body.dump()
      return statusCode >= 200 && statusCode < 400
    }
    return probe.tcpSocket !== undefined && (await accepts(address, portOf(container, probe.tcpSocket.port), timeoutMs))
  } catch {
    return false
  }
}

/**
 * Asks over and over and tells every change; failures of `failureThreshold` periods in a row are one. Until it passes for
 * the first time it is asked twice a second: no test has to wait for a period.
 */
export async function followProbe(
  probe: Probe,
  container: Container,
  address: string,
  tell: (passed: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  const { periodSeconds = 10, failureThreshold = 3, initialDelaySeconds = 0 } = probe
  const pause = (seconds: number): Promise<void> => sleep(seconds * 1000, undefined, { signal }).catch(() => {})
  let passed = false
  let failures = 0
  let counted = Date.now() + initialDelaySeconds * 1000
  while (!signal.aborted) {
    if (await passes(probe, container, address)) {
      failures = 0
      if (!passed) tell((passed = true))
    } else if (Date.now() - counted >= periodSeconds * 1000) {
      counted = Date.now()
      failures++
      if (failures >= failureThreshold) tell((passed = false))
    }
    await pause(passed ? periodSeconds : 0.5)
  }
}

function portOf(container: Container, port: number | string): number {
  if (typeof port === 'number') return port
  const found = container.ports?.find(({ name }) => name === port)
  if (found === undefined) throw new Error(`container ${container.name} has no port ${port}`)
  return found.containerPort
}

const accepts = (host: string, port: number, timeout: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout })
    socket.once('connect', () => socket.end(() => resolve(true)))
    for (const event of ['error', 'timeout'] as const) {
      socket.once(event, () => {
        socket.destroy()
        resolve(false)
      })
    }
  })
