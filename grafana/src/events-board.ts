import { EVENTS_BOARD, board } from './board.ts'
import { logs } from './panels.ts'
import { newestLines } from './queries.ts'
import { clusters, dataSources } from './variables.ts'

export const eventsBoard = board({
  uid: EVENTS_BOARD,
  title: 'Clymene / Events and logs',
  description: 'What the clusters tell of themselves, and all of their logs.',
  variables: [...dataSources(), clusters()],
  first: [
    logs({
      id: 1,
      title: 'Kubernetes events',
      description: 'The newest events of the chosen clusters, as the event agent collects them.',
      width: 24,
      height: 12,
      queries: [newestLines('{cluster=~"$cluster",job="kubernetes-events"}')],
    }),
  ],
  rows: [],
})
