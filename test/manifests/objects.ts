/** The fields of Kubernetes' objects that the checks look at, named as the API has them. */
export type KubernetesObject = {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: Text; readonly labels?: Text }
  readonly spec?: {
    readonly replicas?: number
    /** Of a HorizontalPodAutoscaler. */
    readonly maxReplicas?: number
    /** Of a PersistentVolumeClaim. */
    readonly resources?: { readonly requests?: Text }
    readonly updateStrategy?: { readonly rollingUpdate?: { readonly maxUnavailable?: string | number } }
    readonly template?: PodTemplate
    /** Of a StatefulSet: each pod has a volume of that name. */
    readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string }; readonly spec: Claim }[]
    readonly type?: string
    readonly clusterIP?: string
    readonly selector?: Text
    readonly ports?: readonly ServicePort[]
  }
  readonly data?: Text
  readonly rules?: readonly {
    readonly apiGroups?: readonly string[]
    readonly resources?: readonly string[]
    readonly verbs: readonly string[]
  }[]
  readonly roleRef?: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[]
}

/** How much of a volume is asked for. */
export type Claim = { readonly resources?: { readonly requests?: Text } }

export type Text = Readonly<Record<string, string>>

export type ServicePort = { readonly name: string; readonly port: number; readonly targetPort: string | number; readonly nodePort?: number }

export type PodTemplate = {
  readonly metadata: { readonly labels: Text; readonly annotations?: Text }
  readonly spec: PodSpec
}

export type PodSpec = {
  readonly serviceAccountName?: string
  readonly automountServiceAccountToken?: boolean
  readonly enableServiceLinks?: boolean
  readonly terminationGracePeriodSeconds?: number
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly nodeSelector?: Text
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms: readonly NodeTerm[] }
    }
  }
  readonly tolerations?: readonly { readonly operator?: string; readonly key?: string }[]
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean
    readonly runAsUser?: number
    readonly fsGroup?: number
    readonly seccompProfile?: { readonly type: string }
  }
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string; readonly labelSelector?: { readonly matchLabels?: Text } }[]
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes?: readonly Volume[]
}

export type NodeTerm = {
  readonly matchExpressions: readonly { readonly key: string; readonly operator: string; readonly values: readonly string[] }[]
}

export type Container = {
  readonly restartPolicy?: string
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly resources?: { readonly requests?: Text; readonly limits?: Text }
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean
    readonly readOnlyRootFilesystem?: boolean
    readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
  }
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[]
}

export type Probe = {
  readonly httpGet?: { readonly path: string; readonly port: string | number }
  readonly tcpSocket?: { readonly port: string | number }
}

export type Volume = {
  readonly name: string
  readonly configMap?: { readonly name: string; readonly optional?: boolean }
  readonly secret?: { readonly secretName: string; readonly optional?: boolean; readonly defaultMode?: number }
  readonly emptyDir?: { readonly sizeLimit?: string }
  readonly persistentVolumeClaim?: { readonly claimName: string }
  readonly hostPath?: { readonly path: string; readonly type?: string }
}
