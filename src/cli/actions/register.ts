import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import type { RegistrationView } from '../../app/register/view.ts'
import { SECOND } from '../../core/time.ts'
import { isNotFound } from '../../files/not-found.ts'
import type { JsonOption, ServiceOptions } from '../command.ts'
import { openService, type Service } from '../service/client.ts'
import { RefusedError } from '../service/refusal.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { outputTable, paragraphs } from '../terminal/output.ts'
import { printable } from '../terminal/printable.ts'
import { createProgress } from '../terminal/progress.ts'
import { type Cell, formatTable } from '../terminal/table.ts'
import { UsageError } from '../usage-error.ts'
import { leavingAtInterrupt } from './run-follow.ts'

export interface RegisterOptions extends JsonOption, ServiceOptions {
  dryRun?: boolean
  wait: boolean
  idempotencyKey?: string
}

const ASK_AGAIN_MS = SECOND
const ENDED_WITH_FAILURES = 3

/** Sends a request to register, and prints what became of it. Exit code 3: not all of it is registered. */
export async function register(file: string, options: RegisterOptions): Promise<void> {
  const { json = false, dryRun = false, idempotencyKey } = options
  const body = await readRequest(file)
  const service = await openService(options)
  const begun = await service.call<RegistrationView>('register', {
    body,
    query: { dryRun: dryRun ? 'true' : undefined },
    ...(idempotencyKey !== undefined && { headers: { 'Idempotency-Key': idempotencyKey } }),
  })
  const ended = options.wait ? await follow(service, begun) : begun
  console.log(json ? toJsonText(ended) : formatRegistration(ended))
  if (ended.endedAt === null || ended.state === 'done') return
  throw new UsageError(ended.reason ?? `the registration ${ended.state}`, ENDED_WITH_FAILURES)
}

async function readRequest(file: string): Promise<unknown> {
  try {
    return JSON.parse(file === '-' ? await text(process.stdin) : await readFile(file, 'utf8'))
  } catch (error) {
    if (isNotFound(error)) throw new UsageError(`${file}: there is no such file`)
    if (error instanceof SyntaxError) throw new UsageError(`${file}: expected JSON: ${error.message}`)
    throw error
  }
}

async function follow(service: Service, begun: RegistrationView): Promise<RegistrationView> {
  const progress = createProgress(process.stderr)
  const goOn = leavingAtInterrupt(service, begun.id, progress)
  let registration = begun
  try {
    while (registration.endedAt === null) {
      const { id, phase, assets } = registration
      const states = assets.flatMap(({ workspaces }) => Object.values(workspaces))
      const done = states.filter(({ state }) => state === 'registered' || state === 'failed').length
      progress.show(`registration ${id}: ${phase}`, states.length === 0 ? undefined : done / states.length)
      await wait(ASK_AGAIN_MS)
      registration = await ask(service, id)
    }
  } finally {
    progress.clear()
    goOn()
  }
  return registration
}

/** Where not all is registered the service answers a problem, for pipelines to fail; the registration is in it. */
async function ask(service: Service, id: string): Promise<RegistrationView> {
  try {
    return await service.call<RegistrationView>('registration', { params: { id } })
  } catch (error) {
    if (!(error instanceof RefusedError) || error.problem !== 'not-registered') throw error
    return (error.body as { registration: RegistrationView }).registration
  }
}

function formatRegistration({ id, state, dryRun, assets, trouble }: RegistrationView): string {
  const rows = assets.map(({ asset, source, files, new: fresh, version, workspaces }): Cell[] => [
    asset,
    version === null ? '–' : String(version),
    String(files),
    String(fresh),
    source,
    Object.entries(workspaces)
      .map(([alias, it]) => `${alias}: ${it.state}${it.reason === null ? '' : ` (${it.reason})`}`)
      .join(', '),
  ])
  const headings = ['ASSET', 'VERSION', 'FILES', 'NEW', 'SOURCE', 'WORKSPACES']
  return paragraphs(
    printable(`registration ${id} ${state}${dryRun ? ', which changed nothing' : ''}`),
    rows.length === 0 ? '' : formatTable(headings, rows, outputTable()),
    ...trouble.map(it => printable(`trouble: ${it}`)),
  )
}
