const EXPECTED = 'expected host:port or http(s)://host:port, with the path of a proxy where there is one'

/** Addresses of admin ports, as a flag gives them: with and without `http://`, also that of the answer itself. What is none goes to `mistakes`, without what may be secret. */
export function readUrls(texts: readonly string[], mistakes: string[], flagName = 'url'): readonly URL[] {
  if (texts.length === 0) mistakes.push(`--${flagName}: expected at least one address`)
  return texts.flatMap((text) => {
    const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`)
    if (url !== null && ['http:', 'https:'].includes(url.protocol) && url.search === '' && url.hash === '') return [withoutAnswer(url)]
    mistakes.push(`--${flagName}: ${JSON.stringify(text.replace(/\/\/[^/\s]*@/, '//***@'))}: ${EXPECTED}`)
    return []
  })
}

/** `…/api/ledger` and the like are asked of the address anyway. */
function withoutAnswer(url: URL): URL {
  const address = new URL(url)
  address.pathname = url.pathname.replace(/\/api\/(?:ledger|explain)\/?$/, '')
  return address
}
