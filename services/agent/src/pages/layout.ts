import type { AgentView } from './agent-view.ts'
import { html, type Html, NOTHING } from './html.ts'
import { CONTENT_SECURITY_POLICY, STYLE } from './style.ts'

export type Page = { readonly status?: number; readonly title: string; readonly path: string; readonly body: Html }

/** The pages of the agent, in the order of their links. */
export const PAGES = [
  ['/targets', 'Targets'],
  ['/service-discovery', 'Service discovery'],
  ['/cardinality', 'Cardinality'],
  ['/config', 'Configuration'],
] as const

/** A whole document, as an answer of the admin port. */
export const renderPage = (view: Pick<AgentView, 'scraped'>, { status = 200, title, path, body }: Page) => ({
  status,
  type: 'text/html; charset=utf-8',
  headers: { 'content-security-policy': CONTENT_SECURITY_POLICY, 'referrer-policy': 'no-referrer' },
  body: document(pagesOf(view), title, path, body).html,
})

/** Without scrapes there are no series to tell of. */
const pagesOf = (view: Pick<AgentView, 'scraped'>) => PAGES.filter(([to]) => to !== '/cardinality' || view.scraped().length > 0)

const document = (pages: ReturnType<typeof pagesOf>, title: string, path: string, body: Html): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Clymene agent</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <header>
          <b>Clymene agent</b>${pages.map(([to, name]) => html`<a href="${to}" ${to === path ? CURRENT : NOTHING}>${name}</a>`)}
        </header>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `

/** Exactly what the policy's hash is of: not a blank more. */
const STYLE_ELEMENT: Html = { html: `<style>${STYLE}</style>` }

const CURRENT: Html = { html: ' aria-current="page"' }
