/** `lakemark serve` in a process of its own, and what is asked of it. */
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { RunView } from '../../../src/app/resync/run-view.ts'
import { type Child, startChild } from '../../chaos/child.ts'

const COMMAND = fileURLToPath(new URL('../../../src/cli/lakemark.js', import.meta.url))
const PRELOAD = new URL('../../chaos/worker-preload.ts', import.meta.url).href
const ADDRESS = /service\s+(http:\S+)\s/
const START_LIMIT_MS = 60_000
const POLL_MS = 20
const KILOBYTE = 1024
const UNAVAILABLE = 503
const MAX_ASKED = 60
const ASK_AGAIN_MS = 1000

export interface Service {
  url: string
  child: Child
  /** The most memory that the process has had. Linux only; elsewhere it is not known. */
  peakBytes(): number
  close(): Promise<void>
}

/** `flags`: of Node. Resolves when it is ready; rejects with its last output when it ends before that. */
export async function startService(
  env: Record<string, string>,
  logFile: string,
  flags: readonly string[] = [],
): Promise<Service> {
  const child = startChild({ args: [...flags, '--import', PRELOAD, COMMAND, 'serve'], env, logFile })
  const deadline = Date.now() + START_LIMIT_MS
  for (;;) {
    const [, url] = ADDRESS.exec(child.output()) ?? []
    if (url !== undefined)
      return { url, child, peakBytes: () => peakOf(child.pid), close: () => child.kill() }
    if (child.hasExited() || Date.now() > deadline) {
      await child.kill()
      throw new Error(`lakemark serve is not ready: ${child.output()}`)
    }
    await wait(POLL_MS)
  }
}

export async function postRun(url: string, body: object): Promise<RunView> {
  return answerOf(
    await fetch(`${url}/api/resync`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  )
}

export async function getRun(url: string, id: string): Promise<RunView> {
  return answerOf(await getWhenThere(`${url}/api/runs/${id}`))
}

/** Rejects where it does not end as `done`. */
export async function runToItsEnd(url: string, body: object): Promise<{ run: RunView; ms: number }> {
  const begun = performance.now()
  let run = await postRun(url, body)
  while (run.endedAt === null) {
    await wait(POLL_MS)
    run = await getRun(url, run.id)
  }
  const ms = performance.now() - begun
  if (run.state !== 'done') throw new Error(`the run is ${run.state}: ${JSON.stringify(run)}`)
  return { run, ms }
}

/** Whoever follows a run asks again where storage is too busy to answer. */
async function getWhenThere(url: string): Promise<Response> {
  for (let asked = 1; ; asked += 1) {
    const response = await fetch(url)
    if (response.status !== UNAVAILABLE || asked === MAX_ASKED) return response
    await wait(ASK_AGAIN_MS)
  }
}

async function answerOf(response: Response): Promise<RunView> {
  if (!response.ok) throw new Error(`the service answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as RunView
}

function peakOf(pid: number): number {
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) * KILOBYTE
}
