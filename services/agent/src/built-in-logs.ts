import { join } from 'node:path'

import type { FlagValues } from '@clymene/model'

import type { ConfigText } from './config-text.ts'
import type { bufferFlags } from './flags.ts'

/**
 * The log configuration of an agent that is given none: all pods of its node, with the labels that the manifests give and the dashboards
 * ask for. Positions stand beside the buffer, as what else has to outlive a restart.
 */
export const builtInLogs = (values: FlagValues<Pick<typeof bufferFlags, 'buffer.dir'>>): ConfigText => ({
  path: 'built-in log configuration',
  isBuiltIn: true,
  text: `positions:
  filename: ${JSON.stringify(join(values['buffer.dir'], 'positions.yaml'))}
${JOBS}`,
})

/** Standard input, with the labels that Promtail gives it. */
export const builtInStdin = (): ConfigText => ({
  path: 'built-in log configuration',
  isBuiltIn: true,
  text: 'target_config: { stdin: true }\n',
})

const JOBS = `
scrape_configs:
  - job_name: kubernetes-pods
    # Lines as Docker writes them, then as other runtimes do: each stage passes on what is not of its form.
    pipeline_stages:
      - docker: {}
      - cri: {}
    pod_logs_sd_configs:
      - path: /var/log
    relabel_configs:
      # app: what the pod's labels say, else the name of what made the pod (without the hash of a ReplicaSet), else the pod's.
      - source_labels: [__meta_kubernetes_pod_controller_name]
        regex: ([0-9a-z-.]+?)(-[0-9a-f]{8,10})?
        target_label: __tmp_controller_name
      # The API server did not say it: a name as controllers make them, <name>-<hash>-<random>, <name>-<random> or <name>-<number>.
      - source_labels: [__meta_kubernetes_pod_phase, __meta_kubernetes_pod_name]
        regex: ;(.+?)(?:(?:-[0-9a-f]{8,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}|-[0-9]{1,5})
        target_label: __tmp_controller_name
      - source_labels:
          - __meta_kubernetes_pod_label_app_kubernetes_io_name
          - __meta_kubernetes_pod_label_app
          - __tmp_controller_name
          - __meta_kubernetes_pod_name
        regex: ;*([^;]+)(;.*)?
        target_label: app
      - source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_component, __meta_kubernetes_pod_label_component]
        regex: ;*([^;]+)(;.*)?
        target_label: component
      - source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_instance, __meta_kubernetes_pod_label_instance]
        regex: ;*([^;]+)(;.*)?
        target_label: instance
      - source_labels: [__meta_kubernetes_pod_node_name]
        target_label: node_name
      - source_labels: [__meta_kubernetes_namespace]
        target_label: namespace
      - source_labels: [namespace, app]
        separator: /
        target_label: job
      - source_labels: [__meta_kubernetes_pod_name]
        target_label: pod
      - source_labels: [__meta_kubernetes_pod_container_name]
        target_label: container
`
