import { setTimeout as wait } from 'node:timers/promises'
import type { RunView } from '../../app/resync/run-view.ts'
import { SECOND } from '../../core/time.ts'
import { hasFailures, progressOf, summaryOf } from '../run-text.ts'
import type { Service } from '../service/client.ts'
import { NoAnswerError } from '../service/exchange.ts'
import { RefusedError } from '../service/refusal.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { printableLines } from '../terminal/printable.ts'
import { createProgress, type Progress } from '../terminal/progress.ts'
import { UsageError } from '../usage-error.ts'

const FIRST_ASK_MS = SECOND / 4
/** Of a run that lasts; a process has 20 readings a second for all. */
const LAST_ASK_MS = 2 * SECOND
const GROWTH = 1.3
/** A service that is started anew, or a network that is away, is no reason to give up a run of hours. */
const MAX_SILENCES = 30
/** A defect of the service, which asking again does not mend; above it stands what may pass. */
const SERVER_ERROR = 500
const ENDED_WITH_FAILURES = 3
const INTERRUPTED = 130

/**
 * Shows how far a run is until it has ended, and then what it has found. A run that failed or was cancelled, or some
 * of whose files could not be registered, ends the process with 3. Ctrl-C leaves the run going. Answers the run as it
 * ended.
 */
export async function followRun(service: Service, begun: RunView, json: boolean): Promise<RunView> {
  const progress = createProgress(process.stderr)
  const goOn = leavingAtInterrupt(service, begun.id, progress)
  let run = begun
  try {
    let askMs = FIRST_ASK_MS
    while (run.endedAt === null) {
      const { text, share } = progressOf(run, Date.now())
      progress.show(text, share)
      await wait(askMs)
      askMs = Math.min(LAST_ASK_MS, askMs * GROWTH)
      run = await patiently(service, run.id)
    }
  } finally {
    progress.clear()
    goOn()
  }
  tellEnd(run, json)
  return run
}

/** From now on Ctrl-C ends the process, but not the run. What is returned ends that. */
export function leavingAtInterrupt(service: Service, id: string, progress: Progress): () => void {
  const onInterrupt = () => {
    progress.clear()
    console.error(printableLines(`\n${goesOn(service, id)}`))
    process.exit(INTERRUPTED)
  }
  process.once('SIGINT', onInterrupt)
  return () => process.off('SIGINT', onInterrupt)
}

export function goesOn({ address }: Service, id: string): string {
  const at = address.isLocal ? '' : ` --url ${address.base}`
  return `The run goes on in the service.
  lakemark runs ${id} --follow${at}   follows it
  lakemark runs ${id} --cancel${at}   ends it`
}

async function patiently(service: Service, id: string): Promise<RunView> {
  for (let silence = 1; ; silence += 1) {
    try {
      return await service.call<RunView>('run', { params: { id } })
    } catch (error) {
      if (!isPassing(error)) throw error
      if (silence === MAX_SILENCES) {
        throw new UsageError(`${error.message}\n${goesOn(service, id)}`)
      }
      await wait(LAST_ASK_MS)
    }
  }
}

function isPassing(error: unknown): error is UsageError {
  return error instanceof NoAnswerError || (error instanceof RefusedError && error.status > SERVER_ERROR)
}

function tellEnd(run: RunView, json: boolean): void {
  console.log(json ? toJsonText(run) : summaryOf(run))
  if (run.state === 'done' && !hasFailures(run)) return
  const why =
    run.state === 'done'
      ? 'some of it could not be done; lakemark failures shows what was not registered, and lakemark retry tries it again'
      : `the run ${run.state === 'failed' ? 'failed' : 'was cancelled'}: ${run.reason ?? 'no reason was given'}`
  throw new UsageError(why, ENDED_WITH_FAILURES)
}
