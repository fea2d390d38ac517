import { cpus, totalmem } from 'node:os'

import { quantityOf } from '../node/fields.ts'
import type { RunningPod } from '../node/pod.ts'
import { trafficOf, type Usage, usageOf } from '../node/usage.ts'
import { createExposition, type Labels } from './exposition.ts'

const PERIOD_SECONDS = 0.1

/**
 * The kubelet's /metrics/cadvisor of these pods: names and labels of cAdvisor on cgroup v2 under a CRI runtime. CPU time,
 * memory, threads and network traffic are those of the containers' processes. Nobody throttles or limits here: periods
 * follow from the time and the limit, throttled ones and OOM kills are 0; file systems count the node's disk as unused.
 */
export function cadvisorBody(pods: Iterable<RunningPod>): string {
  const body = createExposition()
  body.add('cadvisor_version_info', 'gauge', { cadvisorVersion: 'stand-in' }, 1)
  body.add('machine_cpu_cores', 'gauge', MACHINE, cpus().length)
  body.add('machine_memory_bytes', 'gauge', MACHINE, totalmem())
  const node: Usage[] = []
  for (const { pod, containers, sandbox, startedAt } of pods) {
    const { name, namespace = '', uid } = pod.metadata
    const slice = `/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice`
    const ofPod = { id: slice, image: '', name: '', namespace, pod: name }
    const usages: Usage[] = []
    for (const [container, { running }] of containers) {
      const pid = running?.pid() ?? 0
      const spec = pod.spec.containers.find((other) => other.name === container)
      if (pid === 0 || spec === undefined) continue
      const usage = usageOf(pid)
      usages.push(usage)
      const id = `${uid.replaceAll('-', '')}${container}`
      const labels = { container, id: `${slice}/cri-containerd-${id}.scope`, image: spec.image, name: id, namespace, pod: name }
      resources(labels, usage)
      const { limits = {}, requests = {} } = spec.resources ?? {}
      body.add('container_start_time_seconds', 'gauge', labels, Date.parse(running?.startedAt ?? '') / 1000)
      body.add('container_spec_memory_limit_bytes', 'gauge', labels, quantityOf(limits['memory'] ?? '0'))
      body.add('container_spec_cpu_period', 'gauge', labels, PERIOD_SECONDS * 1e6)
      body.add('container_spec_cpu_shares', 'gauge', labels, Math.max(2, Math.round(quantityOf(requests['cpu'] ?? '0') * 1024)))
      const quota = quantityOf(limits['cpu'] ?? '0')
      if (quota > 0) {
        body.add('container_spec_cpu_quota', 'gauge', labels, quota * PERIOD_SECONDS * 1e6)
        body.add('container_cpu_cfs_periods_total', 'counter', labels, Math.floor((Date.now() - startedAt) / 1000 / PERIOD_SECONDS))
        body.add('container_cpu_cfs_throttled_periods_total', 'counter', labels, 0)
        body.add('container_cpu_cfs_throttled_seconds_total', 'counter', labels, 0)
      }
    }
    const total = sumOf(usages)
    node.push(total)
    resources({ container: '', ...ofPod }, total)
    if (sandbox() > 0)
      for (const [what, { receive, transmit }] of Object.entries(trafficOf(sandbox()))) {
        const suffix = what === 'bytes' || what === 'packets' || what === 'errors' ? what : 'packets_dropped'
        body.add(`container_network_receive_${suffix}_total`, 'counter', { ...ofPod, interface: 'eth0' }, receive)
        body.add(`container_network_transmit_${suffix}_total`, 'counter', { ...ofPod, interface: 'eth0' }, transmit)
      }
  }
  resources({ container: '', id: '/', image: '', name: '', namespace: '', pod: '' }, sumOf(node))
  return body.text()

  function resources(labels: Labels, usage: Usage): void {
    const device = { ...labels, device: '/dev/vda' }
    body.add('container_cpu_usage_seconds_total', 'counter', { ...labels, cpu: 'total' }, usage.userSeconds + usage.systemSeconds)
    body.add('container_cpu_user_seconds_total', 'counter', labels, usage.userSeconds)
    body.add('container_cpu_system_seconds_total', 'counter', labels, usage.systemSeconds)
    for (const name of ['usage_bytes', 'working_set_bytes', 'rss', 'max_usage_bytes'])
      body.add(`container_memory_${name}`, 'gauge', labels, usage.residentBytes)
    for (const name of ['cache', 'swap', 'mapped_file', 'failcnt']) body.add(`container_memory_${name}`, 'gauge', labels, 0)
    body.add('container_oom_events_total', 'counter', labels, 0)
    body.add('container_threads', 'gauge', labels, usage.threads)
    body.add('container_processes', 'gauge', labels, usage.processes)
    body.add('container_last_seen', 'gauge', labels, Math.floor(Date.now() / 1000))
    body.add('container_fs_usage_bytes', 'gauge', device, 0)
    for (const name of ['reads', 'reads_bytes', 'writes', 'writes_bytes']) body.add(`container_fs_${name}_total`, 'counter', device, 0)
  }
}

const MACHINE = { boot_id: 'stand-in', machine_id: 'stand-in', system_uuid: 'stand-in' }

const sumOf = (usages: readonly Usage[]): Usage => {
  const sum = (value: (usage: Usage) => number): number => usages.reduce((total, usage) => total + value(usage), 0)
  return {
    userSeconds: sum((usage) => usage.userSeconds),
    systemSeconds: sum((usage) => usage.systemSeconds),
    residentBytes: sum((usage) => usage.residentBytes),
    threads: sum((usage) => usage.threads),
    processes: sum((usage) => usage.processes),
  }
}
