import { decodeWriteRequest } from '@clymene/wire'

/** A sample of a batch as tests compare it. */
export type BatchSample = { readonly series: string; readonly value: number | 'stale'; readonly at: number }

/** Only for tests: the samples of a write request, series as `name{label="value"}` with sorted labels. */
export function readBatch(body: Buffer): BatchSample[] {
  const stale = splitSeries(body).map((series) => series.includes(STALE))
  return decodeWriteRequest(body).map(({ labels, samples }, index) => {
    const inner = labels.filter(([name]) => name !== '__name__').map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    const name = labels.find(([label]) => label === '__name__')?.[1] ?? ''
    const [sample] = samples
    if (sample === undefined || samples.length !== 1) throw new Error(`${name} has ${samples.length} samples, expected 1`)
    const value = stale[index] === true ? 'stale' : sample.value
    return { series: `${name}{${inner.join(',')}}`, value, at: sample.timestampMs }
  })
}

/** Tag of Sample.value and the bits of Prometheus' staleness marker, which a number may lose. */
const STALE = Buffer.from('09020000000000f07f', 'hex')

function splitSeries(body: Buffer): Buffer[] {
  const series: Buffer[] = []
  for (let at = 0; at < body.length;) {
    let length = 0
    let shift = 0
    for (at++; ; shift += 7) {
      const byte = body[at++]!
      length += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    series.push(body.subarray(at, at + length))
    at += length
  }
  return series
}
