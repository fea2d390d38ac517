import { setTimeout as sleep } from 'node:timers/promises'

import type { Engine } from '../engines/index.ts'
import type { Engines } from './engines.ts'
import { SERVICES, STORES, type Actor, type Fault } from './plan.ts'
import type { Services } from './services.ts'
import type { SmallDisk } from './small-disk.ts'

export type World = { readonly engines: Engines; readonly services: Services; readonly disk: SmallDisk | undefined }

/** When something was not as it should be, in true time. */
export type Trouble = { readonly fault: Fault; readonly fromMs: number; readonly toMs: number }

/**
 * Makes every fault at its time and mends it; resolves when all are mended. On a busy machine an actor may still be on its way back
 * when its next fault is due: that one waits for it.
 */
export async function injectAll(plan: readonly Fault[], world: World): Promise<readonly Trouble[]> {
  const began = performance.now()
  const last = new Map<Fault['on'], Promise<unknown>>()
  const makeNow = async (fault: Fault): Promise<Trouble> => {
    const fromMs = Date.now()
    await inject(fault, world)
    return { fault, fromMs, toMs: Date.now() }
  }
  return Promise.all(
    plan.map(async (fault) => {
      await sleep(Math.max(0, fault.atMs - (performance.now() - began)))
      const before = last.get(fault.on) ?? Promise.resolve()
      const trouble = before.then(() => makeNow(fault))
      last.set(fault.on, trouble)
      return trouble
    }),
  )
}

function inject(fault: Fault, world: World): Promise<void> {
  const { engines, services, disk } = world
  switch (fault.kind) {
    case 'kill':
      return actOn(fault.on, world, async (engine) => {
        await engine.kill()
        await sleep(fault.forMs)
        await engine.restart().catch((error: unknown) => {
          // An agent does not start on a full disk: whoever watches it tries again, as in a cluster.
          if (serviceOf(fault.on) === undefined) throw error
        })
      })
    case 'pause':
      return actOn(fault.on, world, async (engine) => {
        await engine.pause()
        await sleep(fault.forMs)
        engine.resume()
      })
    case 'answers':
      return during(fault, (isOn) =>
        (fault.on === 'gateway' ? services.gatewayProxy : engines.proxies[fault.on]).answer(isOn ? fault.answer : undefined),
      )
    case 'full-disk':
      return during(fault, (isOn) => (isOn ? disk?.fill() : disk?.empty()))
    case 'clock':
      services.clockOf(fault.on).moveTo(fault.byMs)
      return Promise.resolve()
    case 'rebalance':
      break
  }
  return services.startIngester().then(async (third) => {
    await sleep(fault.forMs)
    await third.stop()
  })
}

function actOn(name: Actor, { engines, services }: World, act: (engine: Engine) => Promise<void>): Promise<void> {
  const service = serviceOf(name)
  if (service !== undefined) return services.of(service).alone(() => act(services.of(service).service))
  const store = STORES.find((one) => one === name)
  return act(store === undefined ? engines.kafka : engines.stores[store])
}

const serviceOf = (name: Fault['on']): (typeof SERVICES)[number] | undefined => SERVICES.find((one) => one === name)

async function during({ forMs }: Fault, set: (isOn: boolean) => void): Promise<void> {
  set(true)
  await sleep(forMs)
  set(false)
}
