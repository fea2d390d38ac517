import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'

import { clustersBoard } from './clusters-board.ts'
import { eventsBoard } from './events-board.ts'
import { nodeBoard } from './node-board.ts'
import { pipelineBoard } from './pipeline-board.ts'
import { podBoard } from './pod-board.ts'

/** Every board by the name of its file in this package's folder. */
export const boards: ReadonlyMap<string, Dashboard> = new Map([
  ['1.clymene-node-monitoring.json', nodeBoard],
  ['2.clymene-pod-monitoring.json', podBoard],
  ['3.clymene-multi-cluster.json', clustersBoard],
  ['4.clymene-pipeline.json', pipelineBoard],
  ['5.clymene-events-logs.json', eventsBoard],
])

/** What stands in the file of a board: as Grafana's own export, so that a diff shows what changed. */
export const textOf = (board: Dashboard): string => `${JSON.stringify(board, undefined, 2)}\n`
