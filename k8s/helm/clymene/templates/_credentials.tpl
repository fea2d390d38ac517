{{/*
  Secrets of a pod, and the variables that say what is to be used from them. Files are followed: what is renewed counts without a restart.
*/}}

{{/* Variables of a component beside its own: list of root, component, and names of the lists below. Nothing when there are none. */}}
{{- define "clymene.lastEnv" -}}
{{- $root := index . 0 }}{{ $component := index . 1 }}
{{- range slice . 2 }}
{{- include (printf "clymene.env.%s" .) $root }}
{{- end }}
{{- with $component.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of agents towards gateways. */}}
{{- define "clymene.env.client" -}}
{{- if .Values.credentials.enabled }}
- { name: GATEWAY_TOKEN_FILE, value: /etc/clymene-credentials/token }
{{- end }}
{{- if or .Values.credentials.enabled .Values.mutualTls.enabled }}
- { name: GATEWAY_GRPC_CLIENT_TLS_ENABLED, value: 'true' }
- { name: GATEWAY_GRPC_CLIENT_TLS_CA, value: {{ include "clymene.tlsFolder" . }}/ca.crt }
{{- if .Values.mutualTls.enabled }}
- { name: GATEWAY_GRPC_CLIENT_TLS_CERT, value: /etc/clymene-tls/tls.crt }
- { name: GATEWAY_GRPC_CLIENT_TLS_KEY, value: /etc/clymene-tls/tls.key }
{{- end }}
{{- with .Values.credentials.serverName }}
- { name: GATEWAY_GRPC_CLIENT_TLS_SERVER_NAME, value: {{ toYaml . }} }
{{- end }}
{{- end }}
{{- end }}

{{/* Of gateways towards agents. */}}
{{- define "clymene.env.server" -}}
{{- if .Values.credentials.enabled }}
- { name: AUTH_TOKENS_FILE, value: /etc/clymene-credentials/tokens.yml }
{{- end }}
{{- if or .Values.credentials.enabled .Values.mutualTls.enabled }}
{{- range tuple "GRPC" "HTTP" }}
- { name: GATEWAY_{{ . }}_SERVER_TLS_ENABLED, value: 'true' }
- { name: GATEWAY_{{ . }}_SERVER_TLS_CERT, value: {{ include "clymene.tlsFolder" $ }}/tls.crt }
- { name: GATEWAY_{{ . }}_SERVER_TLS_KEY, value: {{ include "clymene.tlsFolder" $ }}/tls.key }
{{- if $.Values.mutualTls.enabled }}
- { name: GATEWAY_{{ . }}_SERVER_TLS_CLIENT_CA, value: /etc/clymene-tls/ca.crt }
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "clymene.tlsFolder" -}}
{{ if .Values.mutualTls.enabled }}/etc/clymene-tls{{ else }}/etc/clymene-credentials{{ end }}
{{- end }}

{{/* Of gateways towards Kafka. */}}
{{- define "clymene.env.producer" }}{{ include "clymene.env.kafka" (list . "PRODUCER") }}{{ end }}

{{/* Of ingesters towards Kafka. */}}
{{- define "clymene.env.consumer" }}{{ include "clymene.env.kafka" (list . "CONSUMER") }}{{ end }}

{{- define "clymene.env.kafka" -}}
{{- $kafka := (index . 0).Values.kafka }}{{ $side := index . 1 }}
{{- if and (eq (index . 0).Values.route "kafka") $kafka.credentials.enabled }}
- { name: KAFKA_{{ $side }}_AUTHENTICATION, value: plaintext }
- { name: KAFKA_{{ $side }}_PLAINTEXT_MECHANISM, value: {{ $kafka.credentials.mechanism }} }
- { name: KAFKA_{{ $side }}_PLAINTEXT_USERNAME, value: {{ toYaml $kafka.credentials.username }} }
- { name: KAFKA_{{ $side }}_PLAINTEXT_PASSWORD_FILE, value: /etc/clymene-credentials/kafka-password }
{{- if $kafka.credentials.tls }}
- { name: KAFKA_{{ $side }}_TLS_ENABLED, value: 'true' }
{{- if $kafka.credentials.ca }}
- { name: KAFKA_{{ $side }}_TLS_CA, value: /etc/clymene-credentials/kafka-ca.crt }
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Volumes of Secrets, and further ones of the component: dict of root, component, secret, required, tlsSecret (none for who talks to no gateway). 288 is 0440: read by fsGroup and by nobody else. */}}
{{- define "clymene.secretVolumes" -}}
- name: credentials
  secret: { secretName: {{ .secret }}, optional: {{ not .required }}, defaultMode: 288 }
{{- if and .tlsSecret .root.Values.mutualTls.enabled }}
- name: tls
  secret: { secretName: {{ .tlsSecret }}, defaultMode: 288 }
{{- end }}
{{- with .component.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Where they are mounted: dict of root, component, tlsSecret. */}}
{{- define "clymene.secretMounts" -}}
- { name: credentials, mountPath: /etc/clymene-credentials, readOnly: true }
{{- if and .tlsSecret .root.Values.mutualTls.enabled }}
- { name: tls, mountPath: /etc/clymene-tls, readOnly: true }
{{- end }}
{{- with .component.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
