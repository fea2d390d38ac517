import type { AgentView, ReadLogs, ScrapedConfig } from './agent-view.ts'
import { html, type Html } from './html.ts'
import { renderPage } from './layout.ts'
import { redactedYaml } from './redacted-yaml.ts'

const PATH = '/config'

/** The configuration that is in force, file by file, without secrets. */
export function configPage(view: AgentView) {
  const logs = view.logs?.()
  const body = html`<p class="dim">As it was read last, without secrets and comments; the files may have changed since.</p>
    ${view.scraped().map(configSection)}${logs === undefined ? [] : logs.texts.map(logSection)}`
  return renderPage(view, { title: 'Configuration', path: PATH, body })
}

const configSection = ({ texts, jobs }: ScrapedConfig): Html =>
  html`${texts.map(
    ({ path, text }, index) =>
      html`<h2>${path} <small>${index === 0 ? `${jobs.length} jobs` : 'of scrape_config_files'}</small></h2>
        <pre>${redactedYaml(text)}</pre>`,
  )}`

const logSection = ({ path, text }: ReadLogs['texts'][number]): Html =>
  html`<h2>${path} <small>logs</small></h2>
    <pre>${redactedYaml(text)}</pre>`
