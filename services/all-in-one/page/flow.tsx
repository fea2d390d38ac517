import type { Hop } from './api.ts'
import { ratesOf, stateOf, type FlowHistory } from './rates.ts'

/** The way of the data as boxes, left to right, with what passes each per second; several stores stand below it, beside each other. */
export function FlowDiagram({ history, stale }: { readonly history: FlowHistory | undefined; readonly stale: boolean }) {
  const hops = history?.at(-1)?.hops
  if (history === undefined || hops === undefined) return <section class="flow empty">Waiting for the first numbers …</section>
  const stores = hops.filter(({ storage }) => storage)
  return (
    <section class={`flow${stores.length > 1 ? ' fan' : ''}${stale ? ' stale' : ''}`} aria-label="Flow">
      {hops
        .filter(({ storage }) => !storage)
        .map((hop) => (
          <HopBox key={hop.name} hop={hop} history={history} />
        ))}
      <div class="stores">
        {stores.map((hop) => (
          <HopBox key={hop.name} hop={hop} history={history} />
        ))}
      </div>
    </section>
  )
}

const STATE_TEXT = { ok: 'ready', warn: 'ready, look at lag and errors', down: 'not ready' } as const

function HopBox({ hop, history }: { readonly hop: Hop; readonly history: FlowHistory }) {
  const rates = ratesOf(history, hop.name)
  const state = stateOf(hop, rates)
  return (
    <article class={`hop ${state}`} data-hop={hop.name} data-state={state} aria-label={`${hop.name}: ${STATE_TEXT[state]}`}>
      <h2>
        <span class="lamp" title={STATE_TEXT[state]} />
        {hop.storage ? `store: ${hop.name}` : hop.name}
      </h2>
      <dl>
        <dt>samples/s</dt>
        <dd class="rate" data-rate="metrics" title={`${count(hop.metrics)} samples since the start`}>
          {perSecond(rates?.samplesPerSecond)}
        </dd>
        <dt>lines/s</dt>
        <dd class="rate" data-rate="logs" title={`${count(hop.logs)} lines since the start`}>
          {perSecond(rates?.linesPerSecond)}
        </dd>
        <dt>samples</dt>
        <dd data-total="metrics">{count(hop.metrics)}</dd>
        <dt>lines</dt>
        <dd data-total="logs">{count(hop.logs)}</dd>
        <dt title={hop.errorsAre}>errors</dt>
        <dd class={hop.errors > 0 ? 'bad' : ''} title={hop.errorsAre} data-total="errors">
          {count(hop.errors)}
        </dd>
        {hop.lag !== undefined && <dt title="messages that wait in the bus">lag</dt>}
        {hop.lag !== undefined && (
          <dd data-total="lag" title="messages that wait in the bus">
            {count(hop.lag)}
          </dd>
        )}
      </dl>
      {hop.reasons.length > 0 ? (
        <p class="bad" title={hop.reasons.join('\n')}>
          {hop.reasons.join('; ')}
        </p>
      ) : (
        hop.note !== undefined && <p>{hop.note}</p>
      )}
    </article>
  )
}

const count = (value: number): string => value.toLocaleString('en')

const perSecond = (rate: number | undefined): string => (rate === undefined ? '–' : rate >= 100 ? count(Math.round(rate)) : rate.toFixed(1))
