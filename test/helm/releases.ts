import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { commandsOf } from '../docs/commands.ts'
import { helmProgram } from '../engines/helm.ts'
import type { CommandOutcome, Kubernetes } from '../engines/index.ts'
import { outcomeOf } from '../engines/kubernetes-command.ts'
import { root } from '../manifests/manifest-files.ts'

const commands = commandsOf('docs/helm.md').map(({ command }) => command)

/**
 * Releases of the chart from their installation to their end, by every command of docs/helm.md. The server may have no controllers, and
 * may have the namespaces already.
 */
export function describeReleases(kubernetes: () => Kubernetes): void {
  describe('releases of the chart', () => {
    const left = new Set(commands)
    let folder = ''
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'clymene-releases-'))
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    const tryHelm = (words: string): Promise<CommandOutcome> =>
      outcomeOf('sh', ['-c', words.replace(/^helm /, `'${helmProgram}' --kubeconfig='${kubernetes().adminKubeconfig}' `)], {
        directory: root,
        environment: { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder },
      })

    /** Runs the one command of the page that is like this; what it wrote. */
    async function helm(like: RegExp, more = ''): Promise<string> {
      const found = commands.filter((command) => like.test(command))
      expect(found).toHaveLength(1)
      const [command = ''] = found
      left.delete(command)
      const { status, output, errors } = await tryHelm(command + more)
      if (status !== 0) throw new Error(`${command} ended with status ${status}: ${errors}`)
      return output
    }

    const read = (kind: string, namespace: string, path: string): Promise<string> =>
      kubernetes().kubectl(['get', kind, '--namespace', namespace, '--output', `jsonpath=${path}`])
    const namesOf = async (kind: string, namespace = 'clymene'): Promise<readonly string[]> =>
      (await read(kind, namespace, '{.items[*].metadata.name}')).split(' ').filter((name) => name !== '')
    const gateways = (): Promise<string> => read('deployment/clymene-gateway', 'clymene', '{.spec.replicas}')
    const OWN = ' --take-ownership --force-conflicts'
    const DEPLOYMENTS = ['events', 'gateway', 'ingester'].map((name) => `clymene-${name}`)

    test('the main cluster is installed, and told what to do next', async () => {
      const output = await helm(/--install clymene \S+ --set cluster=main$/, OWN)
      expect(output).toContain('Its cluster is called main')
      expect(output).toContain('They are not published: build them first')
      expect(output).toContain('kubectl --namespace clymene rollout status deployment/clymene-gateway')
      expect(output).toContain('Other clusters send to any node of this one, ports 30610 and 30611')
      expect(await namesOf('deployments')).toEqual(['clymene-agent', ...DEPLOYMENTS, 'promtail-gateway', 'promtail-ingester'])
      expect(await namesOf('daemonsets')).toEqual(['clymene-promtail', 'node-exporter'])
    })

    test('other values are taken', async () => {
      await helm(/--reset-then-reuse-values/)
      expect(await gateways()).toBe('5')
      expect(await read('deployment/clymene-events', 'clymene', '{..args}')).toContain('--cluster=main')
    })

    test('a wrong value changes nothing', async () => {
      const { status, errors } = await tryHelm('helm upgrade clymene k8s/helm/clymene --set gateway.replicas=many')
      expect(status).toBe(1)
      expect(errors).toContain("at '/gateway/replicas': got string, want integer")
      expect(await gateways()).toBe('5')
    })

    test('the values for production are taken', async () => {
      const output = await helm(/production\.yaml/)
      expect(output).toMatch(/these Secrets are there, in clymene .*:\n {2}clymene-gateway-credentials\n {2}clymene-agent-credentials\n\n/)
      expect(output).toContain('Policies let pods only to where networkPolicies.toKafka')
      expect(await namesOf('poddisruptionbudgets')).toHaveLength(5)
      expect(await gateways()).toBe('1')
      expect(await read('service/clymene-gateway', 'clymene', '{.spec.type}{.spec.ports[*].nodePort}')).toBe('LoadBalancer')
    })

    test('it goes back', async () => {
      await helm(/^helm rollback /)
      expect(await gateways()).toBe('3')
      expect(await namesOf('poddisruptionbudgets')).toEqual([])
      expect(await read('service/clymene-gateway', 'clymene', '{.spec.ports[*].nodePort}')).toBe('30610 30612')
    })

    test('it goes, and leaves the namespaces and the claim', async () => {
      await helm(/^helm uninstall /)
      expect(await namesOf('deployments,daemonsets,services,configmaps')).toEqual([])
      expect(await namesOf('persistentvolumeclaims')).toEqual(['clymene-agent-buffer'])
      expect(await read('namespace/clymene', 'clymene', '{.metadata.deletionTimestamp}')).toBe('')
    })

    test('an observed cluster is installed with the values for production at once, Secrets before; it gets others, and goes', async () => {
      const made = ' --set namespaces.create=false'
      await kubernetes().kubectl([
        '--namespace',
        'target',
        'create',
        'secret',
        'generic',
        'clymene-agent-credentials',
        '--from-literal=token=a',
      ])
      const output = await helm(/production-target\.yaml/, `${made} --set 'image.pullSecrets={registry}'`)
      expect(output).toMatch(
        /these Secrets are there, in target and clymene .*:\n {2}clymene-agent-credentials\n {2}registry\nIn kube-system, for kube-state-metrics: registry\.\n/,
      )
      expect(await read('deployment/clymene-agent', 'target', '{..args}')).toContain('=192.0.2.10:15610"')
      expect(await read('daemonset/clymene-promtail', 'clymene', '{..args}')).toContain('=192.0.2.11:15610"')
      expect(await namesOf('networkpolicies', 'target')).toEqual(['clymene-agent', 'clymene-look', 'default-deny'])
      await helm(/--set role=target/, made)
      expect(await namesOf('networkpolicies', 'target')).toEqual([])
      expect(await namesOf('deployments', 'target')).toEqual(['clymene-agent'])
      expect(await read('daemonset/clymene-promtail', 'clymene', '{..args}')).toContain('=192.0.2.10:30611,192.0.2.11:30611')
      await helm(/^helm uninstall /)
      expect(await namesOf('deployments,daemonsets,services,networkpolicies', 'target')).toEqual([])
    })

    test('no command of the page is left', () => {
      expect([...left]).toEqual([])
    })
  })
}
