{{/*
  What pods have in common. A component is one of the sections of the values (agent, gateway, …); what it does not say is taken from `pods`.
*/}}

{{/* The image of a service of ours: list of root, agent | gateway | ingester. */}}
{{- define "clymene.image" -}}
{{- $root := index . 0 }}{{ $image := $root.Values.image -}}
image: {{ $image.registry }}/clymene-{{ index . 1 }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- with $image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end }}

{{/* Annotations of a pod of ours, which is scraped at its admin port: list of root, component, port. */}}
{{- define "clymene.podAnnotations" -}}
{{- $root := index . 0 }}{{ $component := index . 1 -}}
{{- $scraped := dict "prometheus.io/scrape" "true" "prometheus.io/port" (toString (index . 2)) -}}
{{- toYaml (merge (dict) ($component.podAnnotations | default dict) $root.Values.pods.podAnnotations $scraped) }}
{{- end }}

{{/* Which nodes take a pod: list of root, component. */}}
{{- define "clymene.placement" -}}
{{- $root := index . 0 }}{{ $own := index . 1 }}{{ $all := $root.Values.pods -}}
enableServiceLinks: false
nodeSelector:
  {{- merge (dict) ($own.nodeSelector | default dict) $all.nodeSelector | toYaml | nindent 2 }}
{{- with $own.tolerations | default $all.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $own.priorityClassName | default $all.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $own.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Spread over zones, then over nodes, among the pods of one version: list of root, label app. Nothing when it is off. */}}
{{- define "clymene.topologySpread" -}}
{{- $root := index . 0 }}{{ $app := index . 1 }}
{{- if $root.Values.topologySpread.enabled -}}
topologySpreadConstraints:
{{- range tuple "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: {{ $root.Values.topologySpread.whenUnsatisfiable }}
    labelSelector: { matchLabels: { app: {{ $app }} } }
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}

{{/* affinity of a DaemonSet that says none itself: virtual nodes have no files or devices of their own, and do not take what asks for a node's. */}}
{{- define "clymene.realNodes" -}}
nodeAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    nodeSelectorTerms:
      - matchExpressions:
          - { key: eks.amazonaws.com/compute-type, operator: NotIn, values: [fargate] }
          - { key: type, operator: NotIn, values: [virtual-kubelet] }
{{- end }}

{{/* securityContext of a pod without rights, as the user of its image. The argument is the uid. */}}
{{- define "clymene.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* The same for pods of ours: files of Secrets and volumes belong to their group. */}}
{{- define "clymene.ourPodSecurity" -}}
{{ include "clymene.podSecurity" 65532 }}
fsGroup: 65532
{{- end }}

{{- define "clymene.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Alive: the process answers. Ready: it reaches what it writes to; if not, /reasons says why. */}}
{{- define "clymene.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: admin }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: admin }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: admin }
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{/* Arguments that every service takes, the component's own at the end, where they win: list of root, component. */}}
{{- define "clymene.lastArgs" -}}
{{- $root := index . 0 }}{{ $component := index . 1 -}}
- --log-level={{ $root.Values.logLevel }}
{{- range $component.extraArgs }}
- {{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where an agent writes to, as arguments: list of root, metrics | logs. */}}
{{- define "clymene.deliveryArgs" -}}
{{- $root := index . 0 }}{{ $kind := index . 1 -}}
{{- if eq $root.Values.route "direct" }}
{{- include "clymene.storageArgs" . | trim }}
{{- else -}}
- --gateway.grpc-client.host-port={{ include (printf "clymene.gatewayAddress.%s" $kind) $root }}
{{- end }}
{{- end }}

{{/* The same as STORAGE_TYPE. */}}
{{- define "clymene.deliveryType" -}}
{{- if eq (index . 0).Values.route "direct" }}{{ include "clymene.storageType" . }}{{ else }}gateway{{ end }}
{{- end }}

{{/* The storages of a kind, as STORAGE_TYPE, and the arguments that say where they are: list of root, metrics | logs. */}}
{{- define "clymene.storageType" -}}
{{- index (index . 0).Values.storages (index . 1) | join "," }}
{{- end }}

{{- define "clymene.storageArgs" -}}
{{- $storages := (index . 0).Values.storages }}
{{- $selected := index $storages (index . 1) }}
{{- if has "prometheus" $selected }}
- --prometheus.remote.url={{ $storages.prometheus.url }}
{{- end }}
{{- if has "cortex" $selected }}
- --cortex.distributor.url={{ $storages.cortex.url }}
{{- end }}
{{- if has "loki" $selected }}
- --loki.client.url={{ $storages.loki.url }}
{{- end }}
{{- if has "elasticsearch" $selected }}
- --es.server-urls={{ join "," $storages.elasticsearch.urls }}
{{- end }}
{{- end }}
