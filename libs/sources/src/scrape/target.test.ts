import { compileRelabel, parseRelabelConfigs } from '@clymene/relabel'
import { describe, expect, test } from 'vitest'

import { testJob } from './job.test-kit.ts'
import type { ScrapeJob } from './job.ts'
import { resolveTarget } from './target.ts'

const job = (overrides: Partial<ScrapeJob> = {}, rules: readonly object[] = []): ScrapeJob =>
  testJob({ name: 'node', relabel: compileRelabel(parseRelabelConfigs(rules, 'rules')), ...overrides })

const resolved = (found: Record<string, string>, of = job()): Record<string, unknown> => {
  const target = resolveTarget(of, new Map(Object.entries(found)))
  if ('reason' in target) return { dropped: target.reason, mistake: target.mistake }
  return { labels: Object.fromEntries(target.labels), url: target.url.origin + target.url.path }
}

const set = (label: string, value: string): object => ({ target_label: label, replacement: value })

describe('a target', () => {
  test('has job and instance; no port is added', () => {
    expect(resolved({ __address__: 'host' })).toEqual({ labels: { instance: 'host', job: 'node' }, url: 'http://host/metrics' })
  })

  test('keeps the job and instance that were discovered, loses what begins with __', () => {
    const found = { __address__: 'h:1', job: 'j', instance: 'i', __meta_x: 'm', __tmp: 't', zone: 'z', empty: '' }
    expect(resolved(found)).toEqual({ labels: { instance: 'i', job: 'j', zone: 'z' }, url: 'http://h:1/metrics' })
  })

  test('rules see the defaults of the job', () => {
    const names = ['job', '__scrape_interval__', '__scrape_timeout__', '__metrics_path__', '__scheme__', '__param_module', '__address__']
    const rules = names.map((name) => ({ source_labels: [name], target_label: `seen_${name}` }))
    const params = new Map([['module', ['if_mib', 'second']]])
    expect(resolved({ __address__: 'h:1' }, job({ params }, rules))).toMatchObject({
      labels: {
        seen_job: 'node',
        seen___scrape_interval__: '1m',
        seen___scrape_timeout__: '10s',
        seen___metrics_path__: '/metrics',
        seen___scheme__: 'http',
        seen___param_module: 'if_mib',
        seen___address__: 'h:1',
      },
      url: 'http://h:1/metrics?module=if_mib&module=second',
    })
  })

  test('rules choose address, scheme, path and parameters', () => {
    const rules = [set('__address__', 'other:9'), set('__scheme__', 'https'), set('__metrics_path__', 'a b?c'), set('__param_q', 'x y&z')]
    expect(resolved({ __address__: 'h:1' }, job({ params: new Map([['b', ['*']]]) }, rules))).toEqual({
      labels: { instance: 'other:9', job: 'node' },
      url: 'https://other:9/a%20b%3Fc?b=%2A&q=x+y%26z',
    })
  })

  test('rules choose interval and timeout', () => {
    const target = resolveTarget(
      job({}, [set('__scrape_interval__', '5s'), set('__scrape_timeout__', '2s')]),
      new Map([['__address__', 'h']]),
    )
    expect(target).toMatchObject({ intervalMs: 5000, timeoutMs: 2000 })
  })

  test('a label may be called __proto__ before relabelling, and constructor after', () => {
    const found = new Map([
      ['__address__', 'h'],
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    expect(resolveTarget(job(), found)).toMatchObject({
      labels: [
        ['constructor', 'y'],
        ['instance', 'h'],
        ['job', 'node'],
      ],
    })
  })

  const dropped: [string, Record<string, string>, readonly object[], string, boolean][] = [
    ['the rules drop it', { __address__: 'h' }, [{ action: 'drop', source_labels: ['__address__'], regex: 'h' }], 'relabel_configs', false],
    ['no address', {}, [], 'no address: __address__ is empty', true],
    ['the rules take its address', { __address__: 'h' }, [set('__address__', '')], 'no address: __address__ is empty', true],
    ['a path in the address', { __address__: 'h/x' }, [], 'address "h/x": expected host:port without "/"', true],
    [
      'no interval',
      { __address__: 'h' },
      [set('__scrape_interval__', '1x')],
      '__scrape_interval__ "1x": expected a duration over 0 such as 15s',
      true,
    ],
    [
      'interval 0',
      { __address__: 'h' },
      [set('__scrape_interval__', '0s')],
      '__scrape_interval__ "0s": expected a duration over 0 such as 15s',
      true,
    ],
    [
      'no timeout',
      { __address__: 'h' },
      [set('__scrape_timeout__', '')],
      '__scrape_timeout__ "": expected a duration over 0 such as 15s',
      true,
    ],
    [
      'a timeout over the interval',
      { __address__: 'h' },
      [set('__scrape_timeout__', '2m')],
      '__scrape_timeout__ 2m is longer than __scrape_interval__ 1m',
      true,
    ],
    ['a value that is not UTF-8', { __address__: 'h', a: '\ud800' }, [], String.raw`label "a": value "\ud800" is not UTF-8`, true],
  ]
  test.each(dropped)('is dropped: %s', (_, found, rules, reason, mistake) => {
    expect(resolved(found, job({}, rules))).toEqual({ dropped: reason, mistake })
  })

  test('is the same when public labels and URL are', () => {
    const key = (found: Record<string, string>): unknown => resolveTarget(job(), new Map(Object.entries(found)))
    expect(key({ __address__: 'h', __meta_x: '1' })).toHaveProperty(
      'key',
      Reflect.get(Object(key({ __address__: 'h', __meta_x: '2' })), 'key'),
    )
    expect(key({ __address__: 'h' })).not.toHaveProperty('key', Reflect.get(Object(key({ __address__: 'h', zone: 'a' })), 'key'))
    expect(key({ __address__: 'h', instance: 'i' })).not.toHaveProperty(
      'key',
      Reflect.get(Object(key({ __address__: 'g', instance: 'i' })), 'key'),
    )
  })
})
