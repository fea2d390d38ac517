import type { AdminServer, PageAnswer, PageReply, PageRequest } from '@clymene/runtime'

import { candidatesOf, explainMatching } from '../explain/explain-matching.ts'
import type { AgentView } from './agent-view.ts'
import { answered, success } from './api-answer.ts'
import { cardinalityPage } from './cardinality-page.ts'
import { configPage } from './config-page.ts'
import { discoveryPage } from './discovery-page.ts'
import { PROMETHEUS_API } from './prometheus-api.ts'
import { targetsPage } from './targets-page.ts'

/** Adds the pages and the JSON of Prometheus to the admin port. They only read. */
export function servePages(admin: Pick<AdminServer, 'serve'>, view: AgentView): void {
  admin.serve('/targets', (request) => Promise.resolve(targetsPage(view, request, Date.now())))
  admin.serve('/service-discovery', (request) => Promise.resolve(discoveryPage(view, request)))
  admin.serve('/cardinality', (request) => Promise.resolve(cardinalityPage(view, request)))
  admin.serve('/config', () => Promise.resolve(configPage(view)))
  admin.serve('/api/explain', (request) => Promise.resolve(explained(view, request)))
  for (const [path, api] of PROMETHEUS_API) admin.serve(path, (request): ReturnType<PageAnswer> => Promise.resolve(api(view, request)))
}

/** `?target=…&job=…&series=…`: what `clymene explain` asks. */
const explained = (view: AgentView, { query }: PageRequest): PageReply =>
  answered(() => {
    const [target = '', job = '', series = ''] = ['target', 'job', 'series'].map((name) => query.get(name) ?? '')
    const { index, count } = view.shard ?? { index: 0, count: 1 }
    const told = explainMatching(candidatesOf(view), { target, job, series }, { streams: view.streams, shards: count })
    const others = count > 1 ? `; this is agent ${index} of ${count}, the targets of the others are not known here` : ''
    return success(told.hint === '' ? told : { ...told, hint: told.hint + others })
  })
