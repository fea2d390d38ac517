import { installChromium, isChromiumInstalled } from './chromium.ts'
import type { ClassArchive } from './class-archive.ts'
import { areCustomResourcesInstalled, installCustomResources } from './custom-resources.ts'
import { elasticsearchClassArchiving, installElasticsearch, isElasticsearchInstalled } from './elasticsearch.ts'
import { installHelm, isHelmInstalled } from './helm.ts'
import { installKafka, isKafkaInstalled, kafkaClassArchiving } from './kafka.ts'
import { installKubernetes, isKubernetesInstalled } from './kubernetes-programs.ts'
import { installKustomize, isKustomizeInstalled } from './kustomize.ts'
import { installLibfaketime, isLibfaketimeInstalled } from './libfaketime.ts'
import { installLoki, isLokiInstalled } from './loki.ts'
import { installNodeExporter, isNodeExporterInstalled } from './node-exporter.ts'
import { installNodeImage, isNodeImageInstalled } from './node-image.ts'
import { installPrometheus, isPrometheusInstalled } from './prometheus.ts'
import { installPrometheus3, isPrometheus3Installed } from './prometheus3.ts'
import { installVmagent, isVmagentInstalled } from './vmagent.ts'

/** In the order of installation. */
export const engineNames = [
  'kafka',
  'elasticsearch',
  'prometheus',
  'node-exporter',
  'chromium',
  'libfaketime',
  'node-image',
  'loki',
  'kubernetes',
  'prometheus3',
  'kustomize',
  'helm',
  'custom-resources',
  'vmagent',
] as const
export type EngineName = (typeof engineNames)[number]

export type Installation = {
  /** Installed only when it is asked for by name: benches need it, no test does. */
  readonly optional?: true
  readonly isInstalled: () => boolean
  /** From package registries only. Rejects with a reason that a person can act on. */
  readonly install: () => Promise<void>
  /** What makes its starts faster. */
  readonly help?: ClassArchive
}

/** A new engine is one module, one name and one line here. */
export const catalog: Readonly<Record<EngineName, Installation>> = {
  kafka: { isInstalled: isKafkaInstalled, install: installKafka, help: kafkaClassArchiving },
  elasticsearch: { isInstalled: isElasticsearchInstalled, install: installElasticsearch, help: elasticsearchClassArchiving },
  prometheus: { isInstalled: isPrometheusInstalled, install: installPrometheus },
  'node-exporter': { isInstalled: isNodeExporterInstalled, install: installNodeExporter },
  chromium: { isInstalled: isChromiumInstalled, install: installChromium },
  libfaketime: { isInstalled: isLibfaketimeInstalled, install: installLibfaketime },
  'node-image': { isInstalled: isNodeImageInstalled, install: installNodeImage },
  loki: { isInstalled: isLokiInstalled, install: installLoki },
  kubernetes: { isInstalled: isKubernetesInstalled, install: installKubernetes },
  prometheus3: { isInstalled: isPrometheus3Installed, install: installPrometheus3 },
  kustomize: { isInstalled: isKustomizeInstalled, install: installKustomize },
  'custom-resources': { isInstalled: areCustomResourcesInstalled, install: installCustomResources },
  helm: { isInstalled: isHelmInstalled, install: installHelm },
  vmagent: { isInstalled: isVmagentInstalled, install: installVmagent, optional: true },
}
