/**
 * `node tools/bundle.ts <file>`, from a service's folder: its src/main.ts and all that it imports as one file. It runs on Node alone,
 * without node_modules: what an image holds.
 */
import { join } from 'node:path'

import { build, type BuildOptions } from 'esbuild'

/** Bundles `<project>/src/main.ts` into `outfile`; not minified, so that a stack trace can be read. */
export async function bundle(project: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(project, 'src/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node22',
    // protobufjs and kafkajs call require(): in an ES module that would have to be made up.
    format: 'cjs',
    // Only the all-in-one in a checkout bundles its page by itself.
    external: ['esbuild'],
    logOverride: { 'empty-import-meta': 'silent' },
    logLevel: 'warning',
  })
}

/** Bundles the all-in-one's page into `directory`: index.html, page.js, page.css. */
export async function bundlePage(page: string, directory: string): Promise<void> {
  const options: BuildOptions = {
    entryPoints: [join(page, 'page.tsx'), join(page, 'page.css'), join(page, 'index.html')],
    outdir: directory,
    bundle: true,
    minify: true,
    loader: { '.html': 'copy' },
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  }
  await build(options)
}

if (import.meta.main) {
  const [outfile] = process.argv.slice(2)
  if (outfile === undefined) throw new Error('expected the file to write')
  await bundle('.', outfile)
}
