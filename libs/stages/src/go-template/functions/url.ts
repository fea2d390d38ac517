import { TemplateError, type Value } from '../value.ts'
import { type NamedFunction, ofTexts } from './arguments.ts'

/** `urlParse` of sprig, with the answers of Go's package net/url. */
export const URL_FUNCTIONS: readonly NamedFunction[] = [ofTexts('urlParse', 1, (text = '') => parseUrl(text))]

const URL_PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?([^?#]*)(?:\?([^#]*))?(?:#([^]*))?$/
const HOST = /^(\[[^\]]*\]|[^\s:[\]<>"\\^`{|}]*)(?::\d*)?$/

function parseUrl(text: string): Value {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  const match = /^:|[\0-\x1f\x7f]/.test(text) ? null : URL_PARTS.exec(text)
  if (match === null) throw new TemplateError('urlParse: no URL')
  const [, scheme = '', rest = '', query = '', fragment = ''] = match
  const isOpaque = scheme !== '' && rest !== '' && !rest.startsWith('/')
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))
  const slash = hasAuthority ? rest.indexOf('/', 2) : 0
  const authority = hasAuthority ? rest.slice(2, slash === -1 ? undefined : slash) : ''
  const at = authority.lastIndexOf('@')
  const host = decoded(authority.slice(at + 1))
  const hostname = HOST.exec(host)?.[1]
  if (hostname === undefined) throw new TemplateError('urlParse: no host')
  const path = isOpaque || slash === -1 ? '' : decoded(rest.slice(slash))
  return new Map([
    ['scheme', scheme.toLowerCase()],
    ['host', host],
    ['hostname', hostname.replaceAll(/[[\]]/g, '')],
    ['path', path],
    ['query', query],
    ['opaque', isOpaque ? rest : ''],
    ['fragment', decoded(fragment)],
    ['userinfo', at === -1 ? '' : authority.slice(0, at)],
  ])
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TemplateError('urlParse: no escape of a URL')
  }
}
