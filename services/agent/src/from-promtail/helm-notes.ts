import type { Section } from '../config/section.ts'

/** What is to be said of a log configuration, opened without variables, that goes to a pod of k8s/helm/clymene; its port is that of its server. */
export function helmNotes(
  root: Section,
  { port, isExpanded }: { readonly port: string | undefined; readonly isExpanded: boolean },
): readonly string[] {
  return [
    ...(port === undefined ? [] : [`${root.where('server')}: its port is 15698 in the chart, not ${port}`]),
    ...(isExpanded ? variableNotes(root) : []),
    ...root.sections('scrape_configs').flatMap((job) => [...pathNotes(job), ...roleNotes(job)]),
  ]
}

/** Names of variables in what clients say, which is read where the values are made. */
export const variablesOfClients = (root: Section): ReadonlySet<string> => variables(root, (where) => OF_CLIENTS.test(where))

const OF_CLIENTS = /: clients?[.[]/

function variableNotes(root: Section): readonly string[] {
  const names = [...variables(root, (where) => !OF_CLIENTS.test(where))]
  // The chart's is the name of the node, as in Promtail's own manifests.
  return names.filter((name) => name !== 'HOSTNAME').map((name) => `\${${name}}: the pod has it by logAgent.extraEnv`)
}

const variables = (root: Section, isMeant: (where: string) => boolean): ReadonlySet<string> =>
  new Set(
    root
      .scalars()
      .filter(({ where }) => isMeant(where))
      .flatMap(({ text }) => [...text.matchAll(/(?<!\$)\$\{([A-Za-z_]\w*)/g)].map(([, name = '']) => name)),
  )

/** Files that are in no folder that the chart mounts. */
function pathNotes(job: Section): readonly string[] {
  const paths = [
    ...job
      .sections('static_configs')
      .flatMap((group) => group.texts('labels').flatMap(([name, text]) => (name === '__path__' ? text : []))),
    ...job
      .sections('relabel_configs')
      .flatMap((rule) => (rule.string('target_label', '') === '__path__' ? rule.string('replacement', '') : [])),
  ]
  const elsewhere = paths.filter((path) => path.startsWith('/') && !/^\/var\/(log|lib\/docker\/containers)\//.test(path))
  return elsewhere.map((path) => `${job.where()}: the pod has no ${path}: mount its folder by logAgent.extraVolumes and extraVolumeMounts`)
}

/** What the account of the chart's log agent may not list. */
const roleNotes = (job: Section): readonly string[] =>
  job
    .sections('kubernetes_sd_configs')
    .map((discovery) => discovery.string('role', 'pod'))
    .filter((role) => role !== 'pod')
    .map((role) => `${job.where()}: role ${role}: the account clymene-promtail may list pods alone`)
