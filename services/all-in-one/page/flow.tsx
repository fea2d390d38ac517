import type { Flow, Hop } from './api.ts'

/** The way of the data as boxes, left to right, with what passes each per second. */
export function FlowDiagram({ flow, before }: { readonly flow: Flow | undefined; readonly before: Flow | undefined }) {
  if (flow === undefined) return <section class="flow">Waiting for the first numbers …</section>
  const seconds = before === undefined ? 0 : (flow.timestampMs - before.timestampMs) / 1000
  return (
    <section class="flow" aria-label="Flow">
      {flow.hops.map((hop, index) => (
        <HopBox key={hop.name} hop={hop} before={before?.hops[index]} seconds={seconds} />
      ))}
    </section>
  )
}

function HopBox({ hop, before, seconds }: { readonly hop: Hop; readonly before: Hop | undefined; readonly seconds: number }) {
  const state = !hop.ready ? 'down' : hop.errors > (before?.errors ?? hop.errors) || (hop.lag ?? 0) > 1000 ? 'warn' : 'ok'
  return (
    <article class={`hop ${state}`} data-hop={hop.name}>
      <h2>
        <span class="lamp" />
        {hop.name}
      </h2>
      <dl>
        <dt>samples/s</dt>
        <dd>{rate(hop.metrics, before?.metrics, seconds)}</dd>
        <dt>lines/s</dt>
        <dd>{rate(hop.logs, before?.logs, seconds)}</dd>
        <dt>samples</dt>
        <dd data-total="metrics">{hop.metrics.toLocaleString('en')}</dd>
        <dt>lines</dt>
        <dd data-total="logs">{hop.logs.toLocaleString('en')}</dd>
        {hop.lag !== undefined && <dt>lag, messages</dt>}
        {hop.lag !== undefined && <dd>{hop.lag.toLocaleString('en')}</dd>}
        <dt>errors</dt>
        <dd class={hop.errors > 0 ? 'bad' : ''}>{hop.errors.toLocaleString('en')}</dd>
      </dl>
      {(hop.reasons.length > 0 || hop.note !== undefined) && <p>{hop.reasons.length > 0 ? hop.reasons.join('; ') : hop.note}</p>}
    </article>
  )
}

function rate(now: number, before: number | undefined, seconds: number): string {
  if (before === undefined || seconds <= 0) return '–'
  const perSecond = Math.max(0, now - before) / seconds
  return perSecond >= 100 ? Math.round(perSecond).toLocaleString('en') : perSecond.toFixed(1)
}
