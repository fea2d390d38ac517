import { type BoardFile, nameOf, readBoards, shownPanels, type Target } from './board-files.ts'
import { type Choice, chooseVariables, type Stores } from './choose-variables.ts'
import { type Chosen, type Durations, interpolate } from './interpolate.ts'
import { MAY_BE_EMPTY, MAY_IGNORE, type MayBeEmpty } from './may-be-empty.ts'
import { lokiNow, lokiOverTime, prometheusNow, prometheusOverTime, RefusedQuery, type Series, type Span } from './store-queries.ts'

export type DashboardCheck = Stores & {
  /** What is picked on the boards: `{ cluster: 'main', node: 'node-1', namespace: 'shop', pod: ['web-0'] }`. */
  readonly choose: Choice
  /** How often what stands in the stores was scraped: `$__rate_interval` is four times that. */
  readonly scrapeIntervalSeconds: number
  /** Default: now. */
  readonly to?: Date
  /** How far back the boards look; default 15 minutes, as they do. */
  readonly rangeSeconds?: number
  /** Default: those that are committed. */
  readonly boards?: ReadonlyMap<string, BoardFile>
  /** Panels that need no answer; default those of may-be-empty.ts. */
  readonly mayBeEmpty?: readonly MayBeEmpty[]
  /** Leaves out whether queries depend on what is chosen, which takes most of the time. */
  readonly answersOnly?: boolean
}

export type CheckedDashboards = {
  /**
   * Queries that a store refused; queries and variables without an answer; queries that answer the same for a cluster, node, namespace or
   * pod that does not exist. Each says where and why.
   */
  readonly problems: readonly string[]
  /** By board uid, panel and letter of the query: `clymene-pod #11 CPU A`. */
  readonly answers: Answers
  /** What each variable offered, by board uid and name: `clymene-pod pod`. */
  readonly choices: ReadonlyMap<string, readonly string[]>
}

export type Answers = ReadonlyMap<string, readonly Series[]>

/** Most lines of a log query that does not say. */
const LINES = 1000
const AT_A_TIME = 4
const NOBODY = 'no-such-thing'

/** Runs every query of every variable and panel against real stores, as Grafana would for what is chosen. */
export async function checkDashboards(check: DashboardCheck): Promise<CheckedDashboards> {
  const {
    boards = readBoards(),
    mayBeEmpty = MAY_BE_EMPTY,
    answersOnly = false,
    scrapeIntervalSeconds,
    rangeSeconds = 900,
    to = new Date(),
  } = check
  const span = { from: new Date(to.getTime() - rangeSeconds * 1000), to, stepSeconds: scrapeIntervalSeconds }
  const durations = durationsOf(scrapeIntervalSeconds, rangeSeconds)
  const problems: string[] = []
  const answers = new Map<string, readonly Series[]>()
  const choices = new Map<string, readonly string[]>()

  for (const board of boards.values()) {
    // oxlint-disable-next-line no-await-in-loop -- one board after another: the stores of a test are small
    const variables = await chooseVariables(board, check, choiceFor(board, check.choose), span, durations)
    problems.push(...variables.problems.map((problem) => `${board.uid} ${problem}`))
    for (const [name, offered] of variables.choices) choices.set(`${board.uid} ${name}`, offered)

    const panels = { board, stores: check, span, durations }
    // oxlint-disable-next-line no-await-in-loop -- the same
    const { answers: found, refusals } = await runPanels(panels, variables.chosen)
    problems.push(...refusals, ...unanswered(board, found, mayBeEmpty))
    for (const [key, answer] of found) answers.set(key, answer)
    // oxlint-disable-next-line no-await-in-loop -- the same
    if (!answersOnly) problems.push(...(await indifferent(panels, variables.chosen, variables.choices)))
  }
  return { problems, answers, choices }
}

/** Grafana makes `$__rate_interval` at least four scrapes, so that a missed one leaves no gap. */
const durationsOf = (scrapeIntervalSeconds: number, rangeSeconds: number): Durations => ({
  __interval: `${scrapeIntervalSeconds}s`,
  __rate_interval: `${4 * scrapeIntervalSeconds}s`,
  __range: `${rangeSeconds}s`,
  __auto: `${scrapeIntervalSeconds}s`,
})

/** A choice names variables of all boards; each board takes its own. */
const choiceFor = (board: BoardFile, choice: Choice): Choice =>
  Object.fromEntries(Object.entries(choice).filter(([name]) => board.templating.list.some((variable) => variable.name === name)))

const queriesOf = (board: BoardFile) =>
  shownPanels(board).flatMap((panel) =>
    (panel.targets ?? []).map((target) => ({ key: `${board.uid} ${nameOf(panel)} ${target.refId}`, panel: panel.id, target })),
  )

const annotationsOf = (board: BoardFile) =>
  board.annotations.list.map(({ name, datasource, target, expr = target?.expr ?? '' }) => ({
    key: `${board.uid} annotation ${name}`,
    target: { refId: 'Anno', expr, ...(datasource !== undefined && { datasource }) },
  }))

const hasAnswer = (series: readonly Series[] | undefined): boolean => series?.some(({ values }) => values.length > 0) ?? false

const unanswered = (board: BoardFile, answers: Answers, mayBeEmpty: readonly MayBeEmpty[]): readonly string[] =>
  queriesOf(board)
    .filter(({ key }) => answers.has(key) && !hasAnswer(answers.get(key)))
    .filter(({ panel, target }) => {
      const excuses = mayBeEmpty.filter((excuse) => excuse.board === board.uid && excuse.panel === panel)
      return !excuses.some(({ query = target.refId }) => query === target.refId)
    })
    .map(({ key, target }) => `${key}: no answer to ${target.expr}`)

type Panels = { readonly board: BoardFile; readonly stores: Stores; readonly span: Span; readonly durations: Durations }

/** Of each variable that one must choose: which queries answer although nothing is called what is chosen. */
async function indifferent(
  panels: Panels,
  chosen: ReadonlyMap<string, Chosen>,
  choices: ReadonlyMap<string, readonly string[]>,
): Promise<readonly string[]> {
  const names = [...choices.keys()].filter((name) => chosen.get(name)?.expression === undefined)
  const found = names.map(async (name) => {
    const nobody = new Map([...chosen, [name, { values: [NOBODY], multi: false }]])
    const { answers } = await runPanels(panels, nobody)
    const ignore = MAY_IGNORE.filter(({ board, variable }) => board === panels.board.uid && variable === name)
    return [...answers]
      .filter(
        ([key, answer]) =>
          hasAnswer(answer) && !ignore.some(({ of }) => key.includes(typeof of === 'number' ? ` #${of} ` : ` annotation ${of}`)),
      )
      .map(([key]) => `${key}: does not depend on $${name}`)
  })
  return (await Promise.all(found)).flat()
}

async function runPanels({ board, stores, span, durations }: Panels, chosen: ReadonlyMap<string, Chosen>) {
  const answers = new Map<string, readonly Series[]>()
  const refusals: string[] = []
  const queries = [...queriesOf(board), ...annotationsOf(board)]
  const ask = async (): Promise<void> => {
    for (let next = queries.shift(); next !== undefined; next = queries.shift()) {
      const { key, target } = next
      // oxlint-disable-next-line no-await-in-loop -- some at a time: of all at once a store would refuse some
      const answer = await run(target, stores, interpolate(target.expr, chosen, durations), span).catch(refusal)
      if (typeof answer === 'string') refusals.push(`${key}: ${answer}`)
      else answers.set(key, answer)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, ask))
  return { answers, refusals }
}

async function run(target: Target, { prometheusUrl, lokiUrl, signal }: Stores, query: string, span: Span): Promise<readonly Series[]> {
  const { datasource, instant = false, queryType, maxLines = LINES } = target
  const abort = signal === undefined ? {} : { signal }
  if (datasource?.type === 'loki' && queryType === 'instant') return lokiNow({ url: lokiUrl, ...abort }, query, span)
  if (datasource?.type === 'loki') return lokiOverTime({ url: lokiUrl, ...abort }, query, span, maxLines)
  return (instant ? prometheusNow : prometheusOverTime)({ url: prometheusUrl, ...abort }, query, span)
}

function refusal(error: unknown): string {
  if (error instanceof RefusedQuery) return error.message
  throw error
}
