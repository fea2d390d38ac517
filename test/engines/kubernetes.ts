import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { freePort } from '@clymene/runtime/testing'
import { Agent, fetch } from 'undici'

import { makeDataDirectory } from './data-directory.ts'
import { answers, type Engine, type EngineSpecification, startEngine } from './engine.ts'
import { type CommandOutcome, outcomeOf } from './kubernetes-command.ts'
import { kubeconfigText, makeKubernetesPki } from './kubernetes-pki.ts'
import { kubernetesProgram, type Program } from './kubernetes-programs.ts'

export type KubernetesOptions = {
  /** Where the API server listens; default 127.0.0.1. Beyond loopback it registers itself as the endpoint of Service `kubernetes`. */
  readonly address?: string
  /** Default a free one. */
  readonly port?: number
  /**
   * Whether Deployments make pods, namespaces get the default service account that pods need, and deletions of them end;
   * default false: then only namespace `default` has one.
   */
  readonly controllerManager?: boolean
  /** Of the ClusterIPs; default 10.96.0.0/16. */
  readonly serviceRange?: string
  /** A command that runs the command after it, as `nsenter --net=…`: where the processes live. */
  readonly within?: readonly string[]
  /** Further arguments of kube-apiserver. */
  readonly args?: readonly string[]
}

export type KubectlOptions = {
  /** Standard input, for `-f -`. */
  readonly input?: string
  /** Default the administrator's. */
  readonly kubeconfig?: string
  /** The current folder, for relative paths; default the test's. */
  readonly directory?: string
}

/** Collects garbage a third as often as by default: memory for a tenth of the CPU time. */
const GO = { GOGC: '300' }

/** etcd, kube-apiserver and, when asked for, kube-controller-manager: no node, no scheduler. */
export type Kubernetes = {
  /** `https://address:port` */
  readonly url: string
  /** Where its objects lie, without TLS. */
  readonly etcdUrl: string
  readonly caFile: string
  /** Files of a client certificate of system:masters. */
  readonly admin: { readonly certificate: string; readonly key: string }
  readonly adminKubeconfig: string
  /** Standard output. Rejects with what kubectl wrote when it does not end with 0. */
  readonly kubectl: (args: readonly string[], options?: KubectlOptions) => Promise<string>
  /** The same for whoever expects a failure: never rejects for a status. */
  readonly tryKubectl: (args: readonly string[], options?: KubectlOptions) => Promise<CommandOutcome>
  /** A fresh bound token of a service account; at least 600 seconds. */
  readonly token: (namespace: string, serviceAccount: string, seconds?: number) => Promise<string>
  /** Path of a kubeconfig with such a token. */
  readonly kubeconfig: (namespace: string, serviceAccount: string, seconds?: number) => Promise<string>
  /** Breaks every watch. Resolves when it answers again. */
  readonly restartApiServer: () => Promise<void>
  /** Ends kube-controller-manager for good: it looks at whatever comes. */
  readonly stopControllers: () => Promise<void>
  readonly log: () => string
  /** Resident bytes of the three. */
  readonly memory: () => number
  readonly stop: () => Promise<void>
}

export async function startKubernetes(options: KubernetesOptions = {}): Promise<Kubernetes> {
  const { address = '127.0.0.1', controllerManager = false, serviceRange = '10.96.0.0/16' } = options
  const directory = makeDataDirectory('kubernetes')
  const port = options.port ?? (await freePort())
  const url = `https://${address}:${port}`
  const started: Engine[] = []
  const stop = async (): Promise<void> => {
    for (const engine of started.splice(0).toReversed()) await engine.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const pki = await makeKubernetesPki(join(directory, 'pki'), [...new Set([address, '127.0.0.1', firstOf(serviceRange)])])
    const caFile = pki.file('ca.crt')
    const kubeconfigAt = (name: string, user: Parameters<typeof kubeconfigText>[0]['user'], namespace = 'default'): string => {
      const file = join(directory, `${name}.kubeconfig`)
      writeFileSync(file, kubeconfigText({ server: url, caFile, user, namespace }), { mode: 0o600 })
      return file
    }
    const run = async (name: Program, specification: Pick<EngineSpecification, 'args' | 'url' | 'isReady'>): Promise<Engine> => {
      const [command, ...args] = [...(options.within ?? []), kubernetesProgram(name), ...specification.args]
      const engine = await startEngine({
        ...specification,
        name,
        directory: makeDataDirectory(name),
        command: command ?? '',
        args,
        environment: GO,
      })
      started.push(engine)
      return engine
    }

    const etcd = await run('etcd', etcdOf(address, await freePort(), await freePort(), join(directory, 'etcd')))
    const admin = { certificate: pki.file('admin.crt'), key: pki.file('admin.key') }
    const adminKubeconfig = kubeconfigAt('admin', admin)
    const ask = trusting({ ca: readFileSync(caFile), cert: readFileSync(admin.certificate), key: readFileSync(admin.key) })
    const apiServer = await run('kube-apiserver', {
      url,
      isReady: async (signal) => (await ask(`${url}/readyz`, signal)).ok,
      args: [
        `--etcd-servers=${etcd.url}`,
        `--bind-address=${address}`,
        `--advertise-address=${address}`,
        `--secure-port=${port}`,
        // An endpoint on loopback is not valid.
        `--endpoint-reconciler-type=${isLoopback(address) ? 'none' : 'lease'}`,
        `--tls-cert-file=${pki.file('apiserver.crt')}`,
        `--tls-private-key-file=${pki.file('apiserver.key')}`,
        `--client-ca-file=${caFile}`,
        // No name server knows the nodes. The certificate is how it shows a kubelet who asks.
        '--kubelet-preferred-address-types=InternalIP,Hostname',
        `--kubelet-client-certificate=${admin.certificate}`,
        `--kubelet-client-key=${admin.key}`,
        `--token-auth-file=${pki.file('tokens.csv')}`,
        `--requestheader-client-ca-file=${pki.file('front-proxy-ca.crt')}`,
        '--requestheader-allowed-names=front-proxy-client',
        '--requestheader-username-headers=X-Remote-User',
        '--requestheader-group-headers=X-Remote-Group',
        '--requestheader-extra-headers-prefix=X-Remote-Extra-',
        `--proxy-client-cert-file=${pki.file('front-proxy-client.crt')}`,
        `--proxy-client-key-file=${pki.file('front-proxy-client.key')}`,
        '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
        `--service-account-key-file=${pki.file('sa.pub')}`,
        `--service-account-signing-key-file=${pki.file('sa.key')}`,
        `--service-cluster-ip-range=${serviceRange}`,
        '--authorization-mode=Node,RBAC',
        '--allow-privileged=true',
        ...(options.args ?? []),
      ],
    })
    const tryKubectl: Kubernetes['tryKubectl'] = (args, { kubeconfig = adminKubeconfig, ...rest } = {}) =>
      outcomeOf(kubernetesProgram('kubectl'), ['--kubeconfig', kubeconfig, ...args], { ...rest, environment: GO })
    const kubectl: Kubernetes['kubectl'] = async (args, rest) => {
      const { status, output, errors } = await tryKubectl(args, rest)
      if (status === 0) return output
      throw new Error(`kubectl ${args.join(' ')} ended with status ${status}:\n${errors}`)
    }
    const token: Kubernetes['token'] = async (namespace, serviceAccount, seconds = 3600) =>
      (await kubectl(['-n', namespace, 'create', 'token', serviceAccount, `--duration=${seconds}s`])).trim()

    let controllers: Engine | undefined
    if (controllerManager) {
      const securePort = await freePort()
      const client = { certificate: pki.file('controller-manager.crt'), key: pki.file('controller-manager.key') }
      const health = `https://${address}:${securePort}/healthz`
      const own = trusting({ rejectUnauthorized: false })
      controllers = await run('kube-controller-manager', {
        url: health,
        isReady: async (signal) => (await own(health, signal)).ok,
        args: [
          `--kubeconfig=${kubeconfigAt('controller-manager', client)}`,
          `--bind-address=${address}`,
          `--secure-port=${securePort}`,
          '--use-service-account-credentials=true',
          `--service-account-private-key-file=${pki.file('sa.key')}`,
          `--root-ca-file=${caFile}`,
          '--leader-elect=false',
          // There is no cloud, and a node without a kubelet's heartbeat is meant to stay.
          '--controllers=*,-nodelifecycle,-nodeipam,-node-route-controller,-cloud-node-lifecycle',
        ],
      })
      // Each kubectl takes a tenth of a second of CPU time.
      const account = `${url}/api/v1/namespaces/default/serviceaccounts/default`
      while (!(await ask(account, AbortSignal.timeout(10_000))).ok) await sleep(50)
    } else await kubectl(['-n', 'default', 'create', 'serviceaccount', 'default'])

    return {
      url,
      etcdUrl: etcd.url,
      caFile,
      admin,
      adminKubeconfig,
      kubectl,
      tryKubectl,
      token,
      kubeconfig: async (namespace, serviceAccount, seconds) =>
        kubeconfigAt(`${namespace}.${serviceAccount}`, { token: await token(namespace, serviceAccount, seconds) }, namespace),
      restartApiServer: async () => {
        // Asked to end, it waits for its watchers.
        await apiServer.kill()
        await apiServer.restart()
      },
      stopControllers: async () => controllers?.kill(),
      log: () => started.map((engine) => engine.log()).join('\n'),
      memory: () => started.reduce((sum, { pid }) => sum + residentBytes(pid), 0),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function etcdOf(address: string, client: number, peer: number, data: string): Pick<EngineSpecification, 'args' | 'url' | 'isReady'> {
  mkdirSync(data, { mode: 0o700 })
  const [url, peerUrl] = [`http://${address}:${client}`, `http://${address}:${peer}`]
  return {
    url,
    isReady: answers(`${url}/health`),
    args: [
      '--name=default',
      `--data-dir=${data}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
      '--log-level=warn',
      // Its data is gone with the test.
      '--unsafe-no-fsync',
    ],
  }
}

/** The address of Service `kubernetes`: the first of the range. */
const firstOf = (range: string): string => range.replace(/(\d+)\/\d+$/, (_, last: string) => String(Number(last) + 1))

const isLoopback = (address: string): boolean => address.startsWith('127.')

/** Asks over TLS: with an authority and a client's certificate, or a server whose certificate it made for itself. */
function trusting(connect: { ca: Buffer; cert: Buffer; key: Buffer } | { rejectUnauthorized: false }) {
  const dispatcher = new Agent({ connect, keepAliveTimeout: 1000 })
  return async (url: string, signal: AbortSignal): Promise<{ readonly ok: boolean }> => {
    const answer = await fetch(url, { dispatcher, signal })
    await answer.arrayBuffer()
    return answer
  }
}

const residentBytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
