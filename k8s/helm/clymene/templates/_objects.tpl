{{/*
  Namespaces and metadata of objects. Names are those of the manifests in k8s/, whatever the release is called: docs, dashboards and alerts name them.
*/}}

{{/* Where the gateways of metrics, their ingester and the metrics agent are. */}}
{{- define "clymene.namespace.metrics" -}}
{{- if .Values.namespaces.metrics }}{{ .Values.namespaces.metrics }}{{ else if eq .Values.role "target" }}target{{ else }}clymene{{ end }}
{{- end }}

{{/* Where the gateways of logs, their ingester, the log agent and the collector of events are. */}}
{{- define "clymene.namespace.logs" -}}
{{- .Values.namespaces.logs }}
{{- end }}

{{/* metadata of an object: list of root, name, namespace ("" in none), labels. */}}
{{- define "clymene.metadata" -}}
{{- $root := index . 0 -}}
{{- $labels := merge (dict) (index . 3) $root.Values.labels -}}
name: {{ index . 1 }}
{{- with index . 2 }}
namespace: {{ . }}
{{- end }}
{{- with $labels }}
labels:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A ServiceAccount, and its ClusterRoleBinding to the ClusterRole of the same name: list of root, name, namespace. */}}
{{- define "clymene.account" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $namespace := index . 2 -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "clymene.metadata" (list $root $name $namespace (dict)) | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  {{- include "clymene.metadata" (list $root $name "" (dict)) | nindent 2 }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ $name }} }
subjects:
  - { kind: ServiceAccount, name: {{ $name }}, namespace: {{ $namespace }} }
{{- end }}

{{/* The Deployments of several pods that there are, a YAML list of name, namespace, kind (metrics, logs) and group (gateways, ingesters, events). The argument is root. */}}
{{- define "clymene.replicated" -}}
{{- $metrics := include "clymene.namespace.metrics" . }}{{ $logs := include "clymene.namespace.logs" . }}
{{- $main := and (eq .Values.role "main") (ne .Values.route "direct") }}{{ $kafka := and $main (eq .Values.route "kafka") }}
{{- if and $main .Values.gateway.enabled }}
- { name: clymene-gateway, kind: metrics, namespace: {{ $metrics }}, group: gateways }
{{- end }}
{{- if and $main .Values.logGateway.enabled }}
- { name: promtail-gateway, kind: logs, namespace: {{ $logs }}, group: gateways }
{{- end }}
{{- if and $kafka .Values.ingester.enabled }}
- { name: clymene-ingester, kind: metrics, namespace: {{ $metrics }}, group: ingesters }
{{- end }}
{{- if and $kafka .Values.logIngester.enabled }}
- { name: promtail-ingester, kind: logs, namespace: {{ $logs }}, group: ingesters }
{{- end }}
{{- if .Values.events.enabled }}
- { name: clymene-events, kind: logs, namespace: {{ $logs }}, group: events }
{{- end }}
{{- end }}

{{/* The name of this cluster: clymene-cluster in the main one; others have to say it. */}}
{{- define "clymene.cluster" -}}
{{- .Values.cluster | default "clymene-cluster" }}
{{- end }}

{{/* The gateways to agents, host:port,… */}}
{{- define "clymene.gatewayAddress.metrics" }}{{ include "clymene.gatewayAddress" (list .Values.target.gatewayHosts "clymene-gateway" .Values.target.metricsPort) }}{{ end }}
{{- define "clymene.gatewayAddress.logs" }}{{ include "clymene.gatewayAddress" (list (.Values.target.logGatewayHosts | default .Values.target.gatewayHosts) "promtail-gateway" .Values.target.logsPort) }}{{ end }}

{{/* list of hosts, the Service in the main cluster, its port on the hosts. */}}
{{- define "clymene.gatewayAddress" -}}
{{- $hosts := index . 0 }}{{ $service := index . 1 }}{{ $port := index . 2 -}}
{{- if $hosts -}}
{{- $addresses := list }}
{{- range $hosts }}{{ $addresses = append $addresses (printf "%s:%v" . $port) }}{{ end -}}
{{- join "," $addresses }}
{{- else -}}
{{ $service }}:15610
{{- end }}
{{- end }}

{{/*
  Configuration of an agent, the text of a file: dict of root, file (its name under files/), configuration, journal and extraScrapeConfigs as in the
  values, and valuesOf, where these are. Extra jobs end, as all others, with the rule that says the cluster.
*/}}
{{- define "clymene.configuration" -}}
{{- $cluster := include "clymene.cluster" .root -}}
{{- if .configuration -}}
{{ .configuration }}
{{- else -}}
{{- $jobs := include "clymene.jobs" . -}}
{{- $jobs | replace "replacement: \"clymene-cluster\"" (printf "replacement: %q" $cluster) }}
{{- $names := regexFindAll "job_name: \\S+" $jobs -1 }}
{{- if .journal }}{{ $names = append $names "job_name: journal" }}{{ end }}
{{- range .extraScrapeConfigs }}
{{- $name := printf "job_name: %s" .job_name }}
{{- if has $name $names }}
{{- fail (printf "%s.extraScrapeConfigs: there is a job %s already; give this one another name" $.valuesOf .job_name) }}
{{- end }}
{{- $names = append $names $name }}
{{- $rules := append (.relabel_configs | default list) (dict "target_label" "cluster" "replacement" $cluster) }}
{{ list (merge (dict "relabel_configs" $rules) .) | toYaml | indent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* The chart's own jobs, a paragraph each; that of what runs nowhere is left out. The argument is as above. */}}
{{- define "clymene.jobs" -}}
{{- $nodes := .root.Values.nodeExporter }}{{ $state := .root.Values.kubeStateMetrics }}
{{- $kept := list }}
{{- range splitList "\n\n" (.root.Files.Get (printf "files/%s" .file)) }}
{{- $job := . }}
{{- if contains "job_name: node-exporter\n" . }}
{{- $job = replace "names: [clymene]" (printf "names: [%s]" (include "clymene.namespace.metrics" $.root)) . }}
{{- if not $nodes.enabled }}
{{- $job = replace "names: [clymene]" (printf "names: [%s]" $nodes.external.namespace) . | replace "label: app=node-exporter" (printf "label: %s" $nodes.external.label) }}
{{- $job = ternary "" $job (empty $nodes.external.label) }}
{{- end }}
{{- else if and (contains "job_name: kube-state-metrics\n" .) (not $state.enabled) }}
{{- $job = replace "kube-state-metrics.kube-system.svc:8080" $state.external.address . }}
{{- $job = ternary "" $job (empty $state.external.address) }}
{{- end }}
{{- if $job }}{{ $kept = append $kept (trimSuffix "\n" $job) }}{{ end }}
{{- end }}
{{- join "\n\n" $kept }}{{ "\n" }}
{{- end }}
