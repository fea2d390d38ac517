import { holdHangups } from '@clymene/runtime'

import type { Commands, Tools } from './cli.ts'

/** Of services that read their configuration anew at SIGHUP: one that comes while they are loaded does not end them. */
const holding =
  <T>(load: () => Promise<T>) =>
  (): Promise<T> => {
    holdHangups()
    return load()
  }

/** Each service is loaded only when it is asked for: a gateway starts in a third of the time that all of them take. */
export const SERVICES: Commands = new Map([
  ['agent', holding(async () => (await import('@clymene/agent')).agentCommand)],
  ['gateway', async () => (await import('@clymene/gateway')).gatewayCommand],
  ['ingester', async () => (await import('@clymene/ingester')).ingesterCommand],
  ['all-in-one', holding(async () => (await import('@clymene/all-in-one')).allInOneCommand)],
  ['promtail', holding(async () => (await import('@clymene/agent')).promtailCommand)],
  ['promtail-gateway', async () => (await import('@clymene/gateway')).promtailGatewayCommand],
  ['promtail-ingester', async () => (await import('@clymene/ingester')).promtailIngesterCommand],
])

export const TOOLS: Tools = new Map([
  ['explain', async () => (await import('./explain/tool.ts')).explainTool],
  ['from-promtail', async () => (await import('./from-promtail/tool.ts')).fromPromtailTool],
  ['ledger', async () => (await import('./ledger/tool.ts')).ledgerTool],
  ['replay', async () => (await import('./replay/tool.ts')).replayTool],
  ['test', async () => (await import('./test-pipeline/tool.ts')).testTool],
])
