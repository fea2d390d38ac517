import type { ScriptedPage } from './scripted-exporter.ts'

const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8'
const UTF8_TEXT = 'text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8'

/** What the compared targets expose, by path: each step changes values, and what is there at all. */
export const comparisonPages = (startMs: number): ReadonlyMap<string, (step: number) => ScriptedPage> =>
  new Map<string, (step: number) => ScriptedPage>([
    ['/plain', (step) => ({ body: plain(step, startMs) })],
    ['/honoured', (step) => ({ body: collisions(step, startMs) })],
    ['/exported', (step) => ({ body: collisions(step, startMs) })],
    ['/open', (step) => ({ type: OPENMETRICS, body: open(step, startMs) })],
    ['/utf8', (step) => ({ type: UTF8_TEXT, body: utf8(step) })],
    ['/limited', (step) => ({ body: numbered('limited', step === 2 ? 9 : 5) })],
    ['/failing', (step) => (step === 2 ? { status: 500, body: 'down for now' } : { body: numbered('failing', 3) })],
    ['/damaged', (step) => ({ body: step === 1 ? 'damaged{a="b"} 1\ndamaged{a="b" 2\n' : numbered('damaged', 4) })],
    ['/typeless', () => ({ type: '', body: numbered('typeless', 2) })],
    ['/comes', (step) => ({ body: numbered('comes', 2 + step) })],
    ['/goes', () => ({ body: numbered('goes', 3) })],
    ['/reloaded', (step) => ({ body: `${numbered('reloaded', 4)}secret_total 1\nreloaded_step ${step}\n` })],
  ])

const numbered = (name: string, count: number): string =>
  `# TYPE ${name}_count gauge\n${Array.from({ length: count }, (_, index) => `${name}_count{number="${index}"} ${index}\n`).join('')}`

const plain = (step: number, startMs: number): string =>
  `# HELP requests_total Requests, with a \\\\ and a \\n break.
# TYPE requests_total counter
requests_total{code="200",path="/a\\"b\\\\c\\nd"} ${1000 + step}
requests_total{code="500",path=""} ${step}
${step === 1 ? '' : 'requests_total{code="404",path="/gone"} 7\n'}# TYPE temperature gauge
temperature{at="inside"} -0.5
temperature{at="nan"} NaN
temperature{at="inf"} +Inf
temperature{at="-inf"} -Inf
temperature{at="tiny"} 4.9406564584124654e-324
# TYPE duration_seconds histogram
duration_seconds_bucket{le="0.5"} 1
duration_seconds_bucket{le="1"} 2
duration_seconds_bucket{le="+Inf"} ${3 + step}
duration_seconds_sum 2.5
duration_seconds_count ${3 + step}
# TYPE size summary
size{quantile="0.5"} 3
size{quantile="1"} 9
size_sum 12
size_count 2
timed{from="exporter"} ${step} ${startMs + step * 10}
timed{from="repeated"} 1 ${startMs}
twice{a="1"} 1
twice{a="1"} 2
dropped_by_rule{x="1"} 1
mapped{pod_label_app="shop",pod_label_tier="front"} 1
hashed{pod="shop-0"} 1
hashed{pod="shop-1"} 1
`

const collisions = (step: number, startMs: number): string =>
  `owned{job="other",instance="elsewhere:1",exported_job="first"} ${step}
owned{job="",zone="own"} 1
owned_timed ${step} ${startMs}
`

const open = (step: number, startMs: number): string =>
  `# TYPE calls counter
# HELP calls Calls of it.
calls_total{kind="a"} ${10 + step} # {trace_id="t${step}"} 0.67 ${startMs / 1000}
calls_created{kind="a"} ${startMs / 1000 - 60}
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{le="0.1"} 1 # {trace_id="first"} 0.05
wait_seconds_bucket{le="1.0"} ${2 + step} # {trace_id="w${step}"} 0.5 ${startMs / 1000}
wait_seconds_bucket{le="+Inf"} ${3 + step}
wait_seconds_sum 4
wait_seconds_count ${3 + step}
# TYPE depth gaugehistogram
depth_bucket{le="1.0"} 1
depth_bucket{le="+Inf"} 2
depth_gsum 3
depth_gcount 2
# TYPE build info
build_info{version="1.${step}"} 1
# TYPE state stateset
state{state="a"} ${step % 2}
state{state="b"} ${1 - (step % 2)}
# TYPE latency summary
latency{quantile="0.99"} 0.1
latency_sum 1
latency_count 5
# TYPE odd unknown
odd 1 ${startMs / 1000}
# EOF
`

const utf8 = (step: number): string =>
  `# TYPE "größe.gesamt" gauge
{"größe.gesamt","ort.name"="Köln"} ${step}
{"größe.gesamt",ort="${step % 2 === 0 ? 'gerade' : 'ungerade'}"} 2
plain_name{"mit punkt."="x"} 3
`
