import { setTimeout as wait } from 'node:timers/promises'
import type { RunView } from '../app/resync/run-view.ts'
import { SECOND } from '../core/time.ts'
import { toJsonText } from './json-text.ts'
import { callService } from './service.ts'
import { printable } from './table.ts'
import { UsageError } from './usage-error.ts'

export interface ResyncOptions {
  container?: string
  prefix?: string
  rule?: string
  asset?: string
  workspace?: string
  since?: string
  dryRun?: boolean
  verify?: boolean
}

const ASK_AGAIN_MS = SECOND / 2

/** Starts a run, or joins the one over the same ground, and follows it to its end. A run that fails is an error. */
export async function resync({ json = false, ...wanted }: ResyncOptions & { json?: boolean }): Promise<void> {
  let run = await callService<RunView>('resync', 'POST', wanted)
  while (run.endedAt === null) {
    await wait(ASK_AGAIN_MS)
    run = await callService<RunView>(`runs/${run.id}`)
  }
  console.log(json ? toJsonText(run) : summaryOf(run))
  if (run.state !== 'done')
    throw new UsageError(`the run ${run.state}: ${run.reason ?? 'no reason was given'}`)
}

/** What happened, and what did only where it did. */
function summaryOf({ id, state, counters }: RunView): string {
  const { listed, matched, new: fresh, registered } = counters
  const others = (['changed', 'settling', 'failed', 'refused', 'troubled', 'missing', 'archived'] as const)
    .filter(name => counters[name] > 0)
    .map(name => `${counters[name]} ${name}`)
  const facts = [
    `${listed} listed`,
    `${matched} matched`,
    `${fresh} new`,
    `${registered} registered`,
    ...others,
  ]
  return printable(`run ${id} ${state}: ${facts.join(', ')}`)
}
