import { ConfigError, type Logger } from '@clymene/model'
import { createMetrics, createReadiness, silentLogger } from '@clymene/runtime'
import { expect, test } from 'vitest'

import { createReloader } from './reloader.ts'

/** A reloader whose `take` the test decides on; what it tells, in the log, by metrics and as a remark. */
function start(take: () => Promise<void>) {
  const lines: unknown[] = []
  const logger: Logger = {
    ...silentLogger,
    info: (message, fields) => void lines.push(['info', message, fields]),
    error: (message, fields) => void lines.push(['error', message, fields]),
  }
  const metrics = createMetrics()
  const readiness = createReadiness()
  let nowMs = 1000
  const reloader = createReloader({ take, metrics, logger, readiness, now: () => nowMs })
  const valueOf = async (name: string): Promise<number | undefined> => {
    const metric = await metrics.registry.getSingleMetric(`clymene_agent_config_last_reload_${name}`)?.get()
    return metric?.values[0]?.value
  }
  const told = async () => ({
    successful: await valueOf('successful'),
    takenSeconds: await valueOf('success_timestamp_seconds'),
    remarks: readiness.remarks(),
  })
  return { ...reloader, lines, told, pass: (milliseconds: number) => (nowMs += milliseconds) }
}

test('what the agent was started with was taken', async () => {
  const { told } = start(() => Promise.resolve())
  expect(await told()).toEqual({ successful: 1, takenSeconds: 1, remarks: [] })
})

test('a reload is told with who asked', async () => {
  const { reload, told, lines, pass } = start(() => Promise.resolve())
  pass(500)
  await reload('SIGHUP')
  expect(await told()).toEqual({ successful: 1, takenSeconds: 1.5, remarks: [] })
  expect(lines).toEqual([['info', 'configuration read anew', { by: 'SIGHUP' }]])
})

test.each<[name: string, error: Error, remark: string]>([
  ['one mistake', new ConfigError('c.yml:1: a: unknown key'), 'c.yml:1: a: unknown key'],
  ['more', new ConfigError(['c.yml:1: a: unknown key', 'c.yml:2: b', 'c.yml:3: c']), 'c.yml:1: a: unknown key (and 2 more)'],
  ['what cannot be used', new Error('EACCES'), 'EACCES'],
])('a refusal for %s stays on /readyz and in the metric until one is taken', async (_name, error, remark) => {
  let failure: Error | undefined = error
  const { reload, told, lines, pass } = start(() => (failure === undefined ? Promise.resolve() : Promise.reject(failure)))
  pass(500)
  await expect(reload('a file that changed')).rejects.toBe(error)
  expect(lines).toEqual([['error', 'configuration refused, the old one goes on', { by: 'a file that changed', error: error.message }]])
  const remarks = [`config: the last one read was refused, the old one goes on: ${remark}`]
  expect(await told()).toEqual({ successful: 0, takenSeconds: 1, remarks })
  failure = undefined
  await reload('SIGHUP')
  expect(await told()).toEqual({ successful: 1, takenSeconds: 1.5, remarks: [] })
})

test('reloads come one after the other', async () => {
  const events: string[] = []
  let count = 0
  const { reload } = start(async () => {
    const number = ++count
    events.push(`begin ${number}`)
    await new Promise((resolve) => setImmediate(resolve))
    events.push(`end ${number}`)
    if (number === 1) throw new ConfigError('wrong')
  })
  await Promise.allSettled([reload('one'), reload('two'), reload('three')])
  expect(events).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3'])
})
