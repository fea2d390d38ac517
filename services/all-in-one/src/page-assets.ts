import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One file of the page as it is served. */
export type PageAsset = { readonly path: string; readonly type: string; readonly body: Buffer }

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}

/**
 * The page's three files. An image has them beside its bundle (`CLYMENE_PAGE_DIR`); a checkout makes them from page/ when
 * it starts, which takes some 40 ms.
 */
export async function loadPage(env: NodeJS.ProcessEnv = process.env): Promise<readonly PageAsset[]> {
  const built = env['CLYMENE_PAGE_DIR']
  if (built !== undefined)
    return Promise.all(['index.html', 'page.js', 'page.css'].map(async (name) => asset(name, await readFile(join(built, name)))))
  const source = join(import.meta.dirname, '../page')
  const { build, stop } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [join(source, 'page.tsx'), join(source, 'page.css')],
    bundle: true,
    minify: true,
    write: false,
    outdir: source,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'error',
  })
  // Its process would go on waiting for more.
  await stop()
  return [
    asset('index.html', await readFile(join(source, 'index.html'))),
    ...outputFiles.map(({ path, contents }) => asset(path.endsWith('.css') ? 'page.css' : 'page.js', Buffer.from(contents))),
  ]
}

const asset = (name: string, body: Buffer): PageAsset => ({
  path: name === 'index.html' ? '/' : `/${name}`,
  type: TYPES[name.slice(name.lastIndexOf('.'))] ?? 'application/octet-stream',
  body,
})
