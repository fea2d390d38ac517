import type { Explanations, ExplainQuery } from '@clymene/agent'
import { errorMessage } from '@clymene/model'
import { ExitError } from '@clymene/runtime'

import { askAdmin, type AskAdminOptions } from '../ask-admin.ts'

/** Asks a running agent. @throws ExitError naming what went wrong. */
export async function askAgent(url: URL, query: ExplainQuery, options: Omit<AskAdminOptions, 'maxBytes'>): Promise<Explanations> {
  const where = `${url.protocol}//${url.host}`
  try {
    const path = `/api/explain?${new URLSearchParams(query).toString()}`
    const { status, answer, said } = await askAdmin(url, path, { ...options, maxBytes: MAX_BYTES })
    if (status !== 200) throw new ExitError(`${where} answered ${status}: ${said}`)
    const explanations = dataOf(answer)
    if (explanations === undefined) throw new ExitError(`${where} explains nothing: its answer is something else`)
    return explanations
  } catch (error) {
    if (error instanceof ExitError) throw error
    throw new ExitError(
      `${where}: ${errorMessage(error)}; --agent=host:port names another, --config.file explains a configuration without one`,
    )
  }
}

/** Twenty explanations of a hundred rules each take about 1 MB. */
const MAX_BYTES = 64 * 1024 * 1024

/** The shape of our own agents' answer; anything else that listens there answers something else. */
function dataOf(answer: unknown): Explanations | undefined {
  const found = isObject(answer) && isObject(answer['data']) ? answer['data'] : undefined
  return found !== undefined && isExplanations(found) ? found : undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

const isExplanations = (value: unknown): value is Explanations =>
  isObject(value) && typeof value['found'] === 'number' && Array.isArray(value['explanations']) && typeof value['hint'] === 'string'
