import { dirname } from 'node:path'

import type { Plugin } from 'esbuild'

import { createResolveOnce } from './one-copy.ts'

/**
 * In a bundle `undici` is its client alone, and once, also where npm has laid a copy of it beside each library. All of it, with fetch, WebSocket, caches and mocks, takes 6.6 MB more of each process. Who imports
 * another name of it gets an error from the build. `request` loads all: commands alone use it, which end after it.
 */
export const undiciClient: Plugin = {
  name: 'undici-client',
  setup: (build) => {
    const resolve = createResolveOnce()
    build.onResolve({ filter: /^undici$/ }, ({ path, importer, namespace }) =>
      namespace === CLIENT ? undefined : { path: resolve(path, importer), namespace: CLIENT },
    )
    build.onLoad({ filter: /.*/, namespace: CLIENT }, ({ path }) => ({ contents: TEXT, resolveDir: dirname(path), loader: 'js' }))
  },
}

const CLIENT = 'undici-client'

const TEXT = `
import api from './lib/api/index.js'
import buildConnector from './lib/core/connect.js'
import Agent from './lib/dispatcher/agent.js'
import Client from './lib/dispatcher/client.js'
import Dispatcher from './lib/dispatcher/dispatcher.js'
import Pool from './lib/dispatcher/pool.js'

// As index.js of undici does.
Object.assign(Dispatcher.prototype, api)
export { Agent, buildConnector, Client, Dispatcher, Pool }
export const request = (url, options) => require('undici').request(url, options)
`
