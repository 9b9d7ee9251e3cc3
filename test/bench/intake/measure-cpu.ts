/**
 * Processor time per event without storage: the host with intake over memory, and a bare server. Both get the same
 * events at the same rate: to wake a client that waits costs the system far more than to hand an answer to one that
 * is busy, so that servers under different load cannot be compared.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Child, startChild } from './child.ts'
import { bodiesOf, createSender, type Sender } from './load.ts'
import type { ProductOptions, Usage } from './product-process.ts'
import type { Scenario } from './scenarios.ts'

/** Microseconds of processor time per event, one value a round. */
export interface MeasuredCpu {
  product: number[]
  bare: number[]
}

export interface CpuOptions {
  batch: number
  requests: number
  rounds: number
  events: number
}

/** Well below what either of them manages. */
const EVENTS_PER_SECOND = 1000
const PAUSE_MS = 2

/** Rounds before those that count, at full speed: V8 goes on compiling for some 20 000 requests. */
const WARM_UP_ROUNDS = 20

export async function measureCpu(scenario: Scenario, options: CpuOptions): Promise<MeasuredCpu> {
  const folder = await mkdtemp(join(tmpdir(), 'lakemark-bench-'))
  const children: Child[] = []
  try {
    await writeFile(join(folder, 'rules.yaml'), scenario.rules)
    const product = startChild(new URL('./product-process.ts', import.meta.url))
    const bare = startChild(new URL('./bare-process.ts', import.meta.url))
    children.push(product, bare)
    const asked = { rulesFolder: folder, connectionString: undefined } satisfies ProductOptions
    const senders = {
      product: createSender(await product.call<string>('start', asked), options.requests),
      bare: createSender(await bare.call<string>('start'), options.requests),
    }
    const measured: MeasuredCpu = { product: [], bare: [] }
    for (let round = -WARM_UP_ROUNDS; round < options.rounds; round++) {
      const paths = Array.from({ length: options.events }, (_, index) => scenario.path(`r${round}`, index))
      const bodies = bodiesOf(paths, options.batch)
      await product.call('forget')
      for (const [name, child] of [['product', product] as const, ['bare', bare] as const]) {
        if (round < 0) {
          await senders[name].send(bodies)
          continue
        }
        const before = await child.call<Pick<Usage, 'cpuMs'>>('usage')
        await sendAtRate(senders[name], bodies, EVENTS_PER_SECOND / options.batch)
        const after = await child.call<Pick<Usage, 'cpuMs'>>('usage')
        measured[name].push(((after.cpuMs - before.cpuMs) * 1000) / options.events)
      }
    }
    for (const sender of Object.values(senders)) sender.close()
    return measured
  } finally {
    await Promise.all(children.map(child => child.close()))
    await rm(folder, { recursive: true, force: true })
  }
}

/** Sends what has become due every few milliseconds. */
async function sendAtRate(sender: Sender, bodies: readonly Buffer[], perSecond: number): Promise<void> {
  const start = performance.now()
  for (let sent = 0; sent < bodies.length; ) {
    const due = Math.min(bodies.length, Math.floor(((performance.now() - start) / 1000) * perSecond))
    if (due > sent) await sender.send(bodies.slice(sent, due))
    else await wait(PAUSE_MS)
    sent = Math.max(sent, due)
  }
}
