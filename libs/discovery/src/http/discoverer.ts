import { createHash } from 'node:crypto'

import { type Discoverer, type TargetGroup } from '@clymene/model'
import { redactUrls, secretText, type HttpAccessConfig } from '@clymene/runtime'

import { createServiceClient, type ServiceAnswer } from '../client/service-client.ts'
import { DiscoveryError } from '../discovery-error.ts'
import { createLookupDiscoverer } from '../lookup-discoverer.ts'
import type { LookupContext } from '../lookups.ts'
import { parseTargetGroups } from '../target-groups.ts'
import type { HttpDiscoveryConfig } from './config.ts'

const CONTENT_TYPE = /^application\/json(?:;\s*charset=(?:"utf-8"|utf-8))?$/i

/**
 * Target groups that a server gives as JSON, the format of file_sd. They are named `<url>:<index>` and carry `__meta_url`, both without
 * credentials. What cannot be asked for, or is wrong in any part, changes nothing.
 *
 * @see https://prometheus.io/docs/prometheus/latest/http_sd/
 */
export function createHttpDiscoverer({ url, refreshMs, timeoutMs, http }: HttpDiscoveryConfig, context: LookupContext): Discoverer {
  const shownUrl = redactUrls(url)
  const { place, access } = withoutUser(new URL(url), http)
  return createLookupDiscoverer({
    kind: 'http',
    context,
    look: async (lookups, signal) => {
      const client = createServiceClient({ http: access, maxBytes: context.answerLimits.bytes })
      try {
        const question = {
          part: shownUrl,
          peer: shownUrl,
          intervalMs: refreshMs,
          ask: (stop: AbortSignal) =>
            client.get(
              {
                url: place,
                headers: { 'x-prometheus-refresh-interval-seconds': String(refreshMs / 1000) },
                timeoutMs,
              },
              stop,
            ),
          // Thousands of targets mostly stay as they are.
          fingerprint: fingerprintOf,
          groups: (answer: ServiceAnswer) => readGroups(answer, shownUrl),
        }
        lookups.expect(shownUrl)
        await lookups.follow(question, signal)
      } finally {
        await client.close()
      }
    },
  })
}

const fingerprintOf = ({ headers, text }: ServiceAnswer): string =>
  createHash('sha256')
    .update(headers['content-type']?.toString() ?? '')
    .update('\n')
    .update(text)
    .digest('base64')

/** A user and password in the URL are sent as the header that they stand for, unless there is one. */
function withoutUser(url: URL, http: HttpAccessConfig): { readonly place: URL; readonly access: HttpAccessConfig } {
  const place = new URL(url)
  place.username = ''
  place.password = ''
  if (url.username === '' || http.basic !== undefined || http.authorization !== undefined) return { place, access: http }
  const basic = { username: secretText(decoded(url.username)), password: secretText(decoded(url.password)) }
  return { place, access: { ...http, basic } }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** @throws DiscoveryError naming all that is wrong. */
function readGroups({ headers, text }: ServiceAnswer, shownUrl: string): readonly TargetGroup[] {
  const type = headers['content-type']?.toString().trim() ?? ''
  if (!CONTENT_TYPE.test(type)) throw wrong(`expected the content type application/json, found ${JSON.stringify(type.slice(0, 100))}`)
  const mistakes: string[] = []
  const groups = parseTargetGroups(parseJson(text), 'answer', mistakes, {
    source: (index) => `${shownUrl}:${index}`,
    labels: new Map([['__meta_url', shownUrl]]),
    isJson: true,
  })
  if (mistakes.length > 0) throw wrong(mistakes.slice(0, MOST_MISTAKES).join('; '))
  return groups
}

const MOST_MISTAKES = 5

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser quotes what it read, which may be a secret in a label.
    throw wrong('the answer is not JSON')
  }
}

const wrong = (message: string): DiscoveryError => new DiscoveryError('answer', message, { needsOperator: true })
