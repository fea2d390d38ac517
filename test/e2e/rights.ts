import type { Cluster } from '../kubernetes/cluster.ts'

export type ServiceAccount = { readonly namespace: string; readonly name: string }

type Rule = { readonly verbs: string[]; readonly apiGroups?: string[]; readonly resources?: string[]; readonly nonResourceURLs?: string[] }

/** Every right of a service account, as `get nodes/proxy`: what `kubectl auth can-i --list` shows, without what every account has. */
export async function rightsOf({ api }: Cluster, { namespace, name }: ServiceAccount): Promise<readonly string[]> {
  const [own, everybodys] = await Promise.all(
    [name, 'default'].map(async (account) => {
      const { status } = await api.sendAs<{ status: { resourceRules: Rule[]; nonResourceRules: Rule[] } }>(
        { namespace, name: account },
        '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
        { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } },
      )
      return [...status.resourceRules, ...status.nonResourceRules].flatMap(namesOf)
    }),
  )
  return [...new Set(own)].filter((right) => everybodys?.includes(right) !== true).toSorted()
}

const namesOf = ({ verbs, resources = [], nonResourceURLs = [] }: Rule): string[] =>
  verbs.flatMap((verb) => [...resources, ...nonResourceURLs].map((what) => `${verb} ${what}`))

/** What `kubectl auth can-i` answers for each of these, asked of the whole cluster. */
export async function mayDo(cluster: Cluster, { namespace, name }: ServiceAccount, rights: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.all(
    rights.map(async (right) => {
      const [verb, what = ''] = right.split(' ')
      const [resource, subresource] = what.split('/')
      const group = resource === 'deployments' || resource === 'daemonsets' ? 'apps' : ''
      const spec = {
        user: `system:serviceaccount:${namespace}:${name}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        resourceAttributes: { verb, group, resource, subresource },
      }
      const review = await cluster.api.send<{ status: { allowed: boolean } }>(
        'POST',
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec,
        },
      )
      return review.status.allowed ? [right] : []
    }),
  )
  return answers.flat().toSorted()
}

const VERBS = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection']
const RESOURCES = [
  'secrets',
  'configmaps',
  'namespaces',
  'nodes',
  'nodes/proxy',
  'nodes/metrics',
  'pods',
  'pods/exec',
  'pods/log',
  'serviceaccounts',
  'serviceaccounts/token',
  'services',
  'endpoints',
  'deployments',
  'daemonsets',
]

/** Each verb on each kind of object that one would not like to see in wrong hands. */
export const EVERY_RIGHT: readonly string[] = VERBS.flatMap((verb) => RESOURCES.map((resource) => `${verb} ${resource}`))
