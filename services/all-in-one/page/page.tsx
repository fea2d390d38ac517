import { computed, signal } from '@preact/signals'
import { render } from 'preact'

import { getFlow, getLogs, getRange, type Point } from './api.ts'
import { Chart } from './chart.tsx'
import { FlowDiagram } from './flow.tsx'
import { Logs } from './logs.tsx'
import { cpuParameters, cpuUsed, memoryParameters, memoryUsed, spanOf, sumOf } from './machine.ts'
import { poll } from './poll.ts'
import { remember, type FlowHistory } from './rates.ts'

const FLOW_EVERY_MS = 2000
const CHARTS_EVERY_MS = 5000
const LOGS_EVERY_MS = 2000
const MAX_LINES = 200
/** Until the service says how often the machine is read. */
const USUAL_INTERVAL_MS = 5000
const RANGES = [
  { label: '5 min', ms: 300_000 },
  { label: '15 min', ms: 900_000 },
  { label: '1 h', ms: 3_600_000 },
  { label: '6 h', ms: 21_600_000 },
] as const

const rangeMs = signal<number>(RANGES[0].ms)
const filter = signal('')
const history = signal<FlowHistory | undefined>(undefined)

const flow = poll(async (gone) => {
  const look = await getFlow(gone)
  history.value = remember(history.value, look)
  return look
}, FLOW_EVERY_MS)

/** False once the service said that it keeps nothing here. */
const hasStore = computed(() => flow.value.value?.embedded !== false)
const intervalMs = computed(() => flow.value.value?.hostIntervalMs ?? USUAL_INTERVAL_MS)

const charts = poll(async (gone) => {
  if (!hasStore.value) return undefined
  const span = spanOf(rangeMs.value, Date.now(), intervalMs.value)
  const [modes, total, available] = await Promise.all([
    getRange(cpuParameters(span, intervalMs.value), gone),
    getRange(memoryParameters('MemTotal', span, intervalMs.value), gone),
    getRange(memoryParameters('MemAvailable', span, intervalMs.value), gone),
  ])
  return {
    span,
    cpu: cpuUsed(modes),
    memory: inGibibytes(memoryUsed(total, available)),
    memoryTotal: inGibibytes(sumOf(total)).at(-1)?.[1],
  }
}, CHARTS_EVERY_MS)
const logs = poll(async (gone) => (hasStore.value ? getLogs(filter.value, MAX_LINES, gone) : undefined), LOGS_EVERY_MS)

// Typing and choosing answer at once instead of at the next tick.
filter.subscribe(() => logs.now())
rangeMs.subscribe(() => charts.now())
hasStore.subscribe(() => {
  charts.now()
  logs.now()
})

const percent = (value: number): string => `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)}%`
const gibibytes = (value: number): string => `${value.toFixed(1)} GiB`

/** So that the scale has round numbers of them. */
const inGibibytes = (points: readonly Point[]): readonly Point[] => points.map(([at, bytes]) => [at, bytes / 1024 ** 3])

function Page() {
  const look = flow.value.value
  const away = flow.error.value
  return (
    <main>
      <header class="top">
        <h1>Clymene</h1>
        {look !== undefined && (
          <span>
            cluster <b>{look.cluster}</b>
          </span>
        )}
        <span class="quiet">{look?.version}</span>
        <nav aria-label="Time range of the charts">
          {RANGES.map(({ label, ms }) => (
            <button
              type="button"
              key={label}
              aria-pressed={rangeMs.value === ms}
              onClick={() => {
                rangeMs.value = ms
              }}
            >
              {label}
            </button>
          ))}
        </nav>
      </header>
      {away !== undefined && (
        <p class="banner" role="alert">
          The service does not answer ({away}).{' '}
          {look !== undefined && `What is shown is from ${new Date(look.timestampMs).toLocaleTimeString('en-GB')}. `}Asking again every{' '}
          {FLOW_EVERY_MS / 1000} s.
        </p>
      )}
      <FlowDiagram history={history.value} stale={away !== undefined} />
      {hasStore.value ? <Machine /> : <Elsewhere />}
    </main>
  )
}

function Machine() {
  const { span, cpu, memory, memoryTotal } = charts.value.value ?? {}
  const empty = intervalMs.value === 0 ? 'This machine is not read (--host.interval=0).' : 'No samples yet: the first come within seconds.'
  // What the banner says already is not said again in every box.
  const [chartError, logError] = flow.error.value === undefined ? [charts.error.value, logs.error.value] : []
  return (
    <div class={flow.error.value === undefined ? 'columns' : 'columns stale'}>
      <div class="charts">
        <Chart title="CPU used" points={cpu ?? []} span={span} format={percent} max={1} empty={empty} error={chartError} />
        <Chart
          title="Memory used"
          points={memory ?? []}
          span={span}
          format={gibibytes}
          max={memoryTotal}
          empty={empty}
          error={chartError}
        />
      </div>
      <Logs lines={logs.value.value} filter={filter} error={logError} />
    </div>
  )
}

/** In place of charts and lines when the ingester writes to other stores. */
function Elsewhere() {
  const stores = (flow.value.value?.hops ?? []).filter(({ storage }) => storage).map(({ name }) => name)
  return (
    <p class="elsewhere">
      Samples and lines go to {stores.join(', ')}: look at them there. Charts and lines are shown here when STORAGE_TYPE holds{' '}
      <code>embedded</code> too.
    </p>
  )
}

const place = document.getElementById('page')
if (place !== null) render(<Page />, place)
