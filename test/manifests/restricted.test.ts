import { describe, expect, test } from 'vitest'

import { EXAMPLES, MAIN_ORDER, parseFiles, readFiles, TARGET_ORDER } from './manifest-files.ts'
import type { PodSpec } from './objects.ts'
import { type Pod, pods } from './pods.ts'
import { BEYOND_RESTRICTED, beyondRestricted, restrictedRules } from './restricted.ts'

const podOf = (spec: object): Pod => ({
  manifest: { file: 'a.yaml', object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'one' } } },
  name: 'one',
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- broken on purpose
  template: { metadata: { labels: {} }, spec: spec as PodSpec },
})

const SECURE = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const container = (securityContext: object, more: object = {}): object => ({
  name: 'c',
  image: 'i:1',
  securityContext: { ...SECURE, ...securityContext },
  ...more,
})
const spec = (more: object = {}, containers: readonly object[] = [container({})]): object => ({
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers,
  ...more,
})

describe('a pod meets `restricted`', () => {
  test.each<[what: string, spec: object]>([
    ['with the fewest rights', spec()],
    [
      'when the container says what the pod does not',
      { containers: [container({ runAsNonRoot: true, seccompProfile: { type: 'Localhost' } })] },
    ],
    ['with the one capability that may be added', spec({}, [container({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } })])],
    [
      'with volumes of Kubernetes',
      spec({
        volumes: [
          { name: 'a', emptyDir: {} },
          { name: 'b', persistentVolumeClaim: { claimName: 'c' } },
        ],
      }),
    ],
    ['with a port of its own', spec({}, [container({}, { ports: [{ containerPort: 80 }] })])],
  ])('%s', (_what, one) => {
    expect(beyondRestricted(podOf(one))).toEqual([])
  })
})

describe('a pod goes beyond it', () => {
  const table: readonly [rule: string, spec: object, told: readonly string[]][] = [
    ['host namespaces', spec({ hostNetwork: true, hostPID: true, hostIPC: true }), ['hostNetwork', 'hostPID', 'hostIPC']],
    ['volume types', spec({ volumes: [{ name: 'logs', hostPath: { path: '/var/log' } }] }), ['logs']],
    ['host ports', spec({}, [container({}, { ports: [{ containerPort: 80, hostPort: 80 }] })]), ['c']],
    ['host of probes', spec({}, [container({}, { livenessProbe: { httpGet: { host: '10.0.0.1' } } })]), ['c']],
    ['privileged', spec({}, [container({ privileged: true })]), ['c']],
    ['privilege escalation', spec({}, [container({ allowPrivilegeEscalation: undefined })]), ['c']],
    ['capabilities dropped', spec({}, [container({ capabilities: { drop: ['NET_RAW'] } })]), ['c']],
    ['capabilities added', spec({}, [container({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } })]), ['c']],
    ['no root', spec({}, [container({ runAsNonRoot: false })]), ['c']],
    ['no uid 0', spec({ initContainers: [container({ runAsUser: 0 })] }), ['c']],
    ['seccomp', spec({ securityContext: { runAsNonRoot: true } }), ['c']],
    ['proc mount', spec({}, [container({ procMount: 'Unmasked' })]), ['c']],
    [
      'sysctls',
      spec({ securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, sysctls: [{ name: 'kernel.msgmax' }] } }),
      ['kernel.msgmax'],
    ],
    ['SELinux', spec({}, [container({ seLinuxOptions: { type: 'spc_t' } })]), ['spc_t']],
  ]

  test.each(table)('%s', (rule, one, told) => {
    expect(beyondRestricted(podOf(one))).toEqual(told.map((what) => `one: ${rule}: ${what}`))
  })

  test('each rule has its case', () => {
    expect(table.map(([rule]) => rule)).toEqual(restrictedRules)
  })
})

test('every pod of the files meets it, but for the two that cannot', () => {
  const all = pods(parseFiles(readFiles([...MAIN_ORDER, ...TARGET_ORDER, ...EXAMPLES])))
  const beyond = new Set(all.filter((pod) => beyondRestricted(pod).length > 0).map(({ name }) => name))
  expect([...beyond].toSorted()).toEqual(BEYOND_RESTRICTED)
})
