import { computed, signal } from '@preact/signals'
import { render } from 'preact'

import { type Flow, getFlow, getLogs, getRange } from './api.ts'
import { Chart } from './chart.tsx'
import { FlowDiagram } from './flow.tsx'
import { Logs } from './logs.tsx'
import { poll } from './poll.ts'

const FLOW_EVERY_MS = 2000
const CHART_EVERY_MS = 5000
const LOGS_EVERY_MS = 2000
const MAX_LINES = 200
const RANGES = [
  { label: '5 min', ms: 300_000 },
  { label: '15 min', ms: 900_000 },
  { label: '1 h', ms: 3_600_000 },
  { label: '6 h', ms: 21_600_000 },
] as const

const rangeMs = signal<number>(RANGES[0].ms)
const filter = signal('')
const previous = signal<Flow | undefined>(undefined)

const flow = poll(async () => {
  const next = await getFlow()
  previous.value = flow.value.value
  return next
}, FLOW_EVERY_MS)

const between = () => {
  const toMs = Date.now()
  return { fromMs: toMs - rangeMs.value, toMs, stepMs: Math.max(5000, Math.round(rangeMs.value / 120)) }
}
const cpu = poll(() => getRange({ name: 'node_cpu_seconds_total', fn: 'rate', by: 'mode', ...between() }), CHART_EVERY_MS)
const memoryTotal = poll(() => getRange({ name: 'node_memory_MemTotal_bytes', fn: 'last', by: '', ...between() }), CHART_EVERY_MS)
const memoryFree = poll(() => getRange({ name: 'node_memory_MemAvailable_bytes', fn: 'last', by: '', ...between() }), CHART_EVERY_MS)
const logs = poll(() => getLogs(filter.value, MAX_LINES), LOGS_EVERY_MS)

// Typing and choosing answer at once instead of at the next tick.
filter.subscribe(() => logs.now())
rangeMs.subscribe(() => {
  for (const one of [cpu, memoryTotal, memoryFree]) one.now()
})

/** Share of all CPU time that was not idle, 0 to 1. */
const cpuUsed = computed(() => {
  const busy = new Map<number, number>()
  const all = new Map<number, number>()
  for (const { labels, points } of cpu.value.value?.series ?? []) {
    for (const [at, value] of points) {
      all.set(at, (all.get(at) ?? 0) + value)
      if (labels['mode'] !== 'idle' && labels['mode'] !== 'iowait') busy.set(at, (busy.get(at) ?? 0) + value)
    }
  }
  return [...all].toSorted(([a], [b]) => a - b).map(([at, total]) => [at, total === 0 ? 0 : (busy.get(at) ?? 0) / total] as const)
})

const memoryUsed = computed(() => {
  const total = new Map(memoryTotal.value.value?.series[0]?.points)
  return (memoryFree.value.value?.series[0]?.points ?? []).map(([at, free]) => [at, (total.get(at) ?? free) - free] as const)
})
const memoryMax = computed(() => memoryTotal.value.value?.series[0]?.points.at(-1)?.[1])

const percent = (value: number): string => `${(value * 100).toFixed(value < 0.1 ? 1 : 0)}%`
const gibibytes = (value: number): string => `${(value / 1024 ** 3).toFixed(1)} GiB`

function Page() {
  const max = memoryMax.value
  return (
    <main>
      <header class="top">
        <h1>Clymene</h1>
        <span>
          cluster <b>{flow.value.value?.cluster ?? '…'}</b>
        </span>
        <span class="version">{flow.value.value?.version}</span>
        <nav>
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
      {flow.error.value !== undefined && <p class="bad banner">No answer from the service: {flow.error.value}</p>}
      <FlowDiagram flow={flow.value.value} before={previous.value} />
      <div class="columns">
        <div class="charts">
          <Chart title="CPU used" series={[{ label: 'used', points: cpuUsed.value }]} format={percent} max={1} error={cpu.error.value} />
          <Chart
            title="Memory used"
            series={[{ label: 'used', points: memoryUsed.value }]}
            format={gibibytes}
            error={memoryFree.error.value}
            {...(max === undefined ? {} : { max })}
          />
        </div>
        <Logs lines={logs.value.value?.lines} filter={filter} error={logs.error.value} />
      </div>
    </main>
  )
}

const place = document.getElementById('page')
if (place !== null) render(<Page />, place)
