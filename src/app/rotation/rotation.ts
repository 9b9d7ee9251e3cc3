import { budgetOf } from '../../core/arm-budget.ts'
import { PermanentError, reasonOf, TransientError } from '../../core/errors.ts'
import { WORKSPACES_AT_ONCE } from '../../core/limits.ts'
import type { RuleSet } from '../../core/rules/rule-set.ts'
import { type SecuredDatastore, securedDatastores } from '../../core/rules/secured-datastores.ts'
import { parseSecretEvent } from '../../core/secret-events.ts'
import { isSameSecret, parseSecretReference, type SecretReference } from '../../core/secret-reference.ts'
import { HOUR, MINUTE, SECOND } from '../../core/time.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Pacer } from '../delivery/pacer.ts'
import { createPurse, giveBackTurn, NotOurTurn } from '../delivery/purse.ts'
import type { AzureMl, Clock, Counters, Log } from '../ports.ts'
import type { DatastoreLook, DatastoreLooks, KnownLook } from './ports.ts'

/** A datastore is looked at this often, whatever events say: one that was lost costs so much time. */
export const LOOK_EVERY_MS = HOUR
const FIRST_RETRY_MS = MINUTE
/** None is begun later than this after a sweep has begun: the next one follows within the minute. */
const SWEEP_MS = 30 * SECOND
/** A place in the line that is taken up later than this is lost; a sweep comes every minute. */
const TURN_HOLDS_MS = 2 * MINUTE
const PAGE = 200
const MAX_PAGES = 100
/** Others change a row at the same time: so often is it tried to make it due. */
const MAX_CONFLICTS = 10

interface Dependencies {
  rules: () => { rules: RuleSet }
  azureMl: Pick<AzureMl, 'ensureDatastore'>
  looks: DatastoreLooks
  pacer: Pick<Pacer, 'turn' | 'giveBack' | 'stop' | 'isStopped'>
  clock: Clock
  counters: Counters
  log: Log
}

export type Rotation = ReturnType<typeof createRotation>

/**
 * Keeps the credentials of datastores what the rules and Key Vault say, also where no file comes. What is wanted stands in
 * the rules and in the vault, what there is in the datastores; rows say only when each is to be looked at next. An event
 * makes rows due; a look compares, and writes where something differs. One workspace in trouble delays itself alone. Each
 * request takes its place in the line for ARM's budget, as deliveries do: where it has to wait, the row keeps the place.
 */
export function createRotation({ rules, azureMl, looks, pacer, clock, counters, log }: Dependencies) {
  /** Nothing was in the store, and with no credential in the rules nothing gets there: it need not be asked. */
  let isKnownEmpty = false

  /** Looks at what is due. Rejects with TransientError where the store does not answer. */
  async function sweep(): Promise<void> {
    const secured = securedDatastores(rules().rules)
    if (secured.length === 0 && isKnownEmpty) return
    const known = await readAll()
    const wanted = new Set(secured.map(it => it.key))
    await looks.remove([...known.values()].filter(it => !wanted.has(it.key)))
    isKnownEmpty = secured.length === 0

    const begun = clock.now()
    const due = secured.filter(it => isDue(it, known.get(it.key), begun))
    // Those who line up at the same time are served at the same time, by a later sweep: few of them for each budget.
    const waiting = new Set<string>()
    const byWorkspace = Map.groupBy(due, it => it.workspace.alias)
    await forEachAtMost(WORKSPACES_AT_ONCE, [...byWorkspace.values()], async datastores => {
      for (const one of datastores) {
        const [row, budget] = [known.get(one.key), budgetOf(one.workspace)]
        if (clock.now() - begun >= SWEEP_MS || pacer.isStopped(budget)) return
        if (row?.turn === undefined && waiting.has(budget)) continue
        const outcome = await lookAt(one, row, begun)
        if (outcome === 'waiting') waiting.add(budget)
        // What passes by itself is as a rule the whole workspace's trouble: its other datastores wait for the next sweep.
        if (outcome === 'delayed') return
      }
    })
  }

  /**
   * Takes in what Key Vault tells through Event Grid: rows of datastores that have the secret become due, which is durable
   * when this resolves, and the next sweep looks at them. Rejects with TransientError where the store does not answer.
   */
  async function takeInSecretEvents(events: readonly unknown[]): Promise<void> {
    const secrets = events.flatMap(event => parseSecretEvent(event) ?? [])
    counters.add('secrets:ignored', events.length - secrets.length)
    const secured = securedDatastores(rules().rules).filter(it => secrets.some(secret => uses(it, secret)))
    counters.add('secrets:events', secrets.length)
    if (secured.length === 0) return
    await makeDue(secured, MAX_CONFLICTS)
    log.info('a secret has a new version', { datastores: secured.length })
  }

  /** What is in the way of which datastore, for people. */
  async function troubles(): Promise<
    { workspace: string; container: string; reason: string; since: number }[]
  > {
    const secured = securedDatastores(rules().rules)
    if (secured.length === 0) return []
    const known = await readAll()
    return secured.flatMap(({ key, workspace, datastore }) => {
      const trouble = known.get(key)?.trouble
      if (trouble === undefined) return []
      const container = `${datastore.account}/${datastore.container}`
      return [{ workspace: workspace.alias, container, reason: trouble.reason, since: trouble.since }]
    })
  }

  async function makeDue(secured: readonly SecuredDatastore[], tries: number): Promise<void> {
    const known = await readAll()
    const lost: SecuredDatastore[] = []
    await forEachAtMost(WORKSPACES_AT_ONCE, secured, async it => {
      const row = known.get(it.key)
      const written = await looks.write({ ...(row ?? newLook(it)), dueAt: clock.now() }, row?.etag)
      if (written === 'conflict') lost.push(it)
    })
    if (lost.length === 0) return
    if (tries <= 0) throw new TransientError('the datastores to look at are changed by too many at once')
    await makeDue(lost, tries - 1)
  }

  /** Where the row has changed meanwhile, as by an event, that stands: it is due again. */
  async function lookAt(
    one: SecuredDatastore,
    row: KnownLook | undefined,
    since: number,
  ): Promise<'good' | 'delayed' | 'failed' | 'waiting'> {
    const { workspace, datastore } = one
    const budget = budgetOf(workspace)
    const isLate = row?.turn !== undefined && clock.now() - row.turn.at > TURN_HOLDS_MS
    if (isLate) giveBackTurn(pacer, budget, row.turn)
    const purse = createPurse({ pacer, clock }, budget, isLate ? undefined : row?.turn)
    const fields = { workspace: workspace.alias, datastore: datastore.name }
    const next = { ...(row ?? newLook(one)), wanted: describe(one), turn: undefined }
    try {
      const outcome = await azureMl.ensureDatastore(workspace, datastore, {
        since,
        beforeRequest: purse.spend,
      })
      counters.add(`datastores:${outcome}`)
      if (outcome === 'written') log.info('a datastore got its credential', fields)
      const now = clock.now()
      await looks.write({ ...next, goodAt: now, trouble: undefined, dueAt: now + LOOK_EVERY_MS }, row?.etag)
      giveBackTurn(pacer, budget, purse.left())
      return 'good'
    } catch (error) {
      const turn = purse.left()
      if (error instanceof NotOurTurn) {
        const dueAt = Math.max(error.until, turn?.at ?? 0)
        const written = await looks.write({ ...next, turn, dueAt }, row?.etag)
        if (written === 'conflict') giveBackTurn(pacer, budget, turn)
        return 'waiting'
      }
      giveBackTurn(pacer, budget, turn)
      const isPermanent = !(error instanceof TransientError)
      const reason = reasonOf(error)
      const { attempts, since: from } = next.trouble ?? { attempts: 0, since: clock.now() }
      const trouble = { reason, isPermanent, attempts: attempts + 1, since: from }
      counters.add(isPermanent ? 'datastores:failed' : 'datastores:delayed')
      const level = isPermanent ? 'error' : 'warn'
      log[level]('a datastore could not be given its credential', { ...fields, reason })
      if (isPermanent && !(error instanceof PermanentError))
        log.error('looking at a datastore met a defect', { error })
      await stopWhereThrottled(one, error)
      const dueAt = clock.now() + (isPermanent ? LOOK_EVERY_MS : retryMs(attempts, error))
      await looks.write({ ...next, trouble, dueAt }, row?.etag)
      return isPermanent ? 'failed' : 'delayed'
    }
  }

  async function stopWhereThrottled({ workspace }: SecuredDatastore, error: unknown): Promise<void> {
    if (!(error instanceof TransientError && error.throttled)) return
    await pacer.stop(budgetOf(workspace), clock.now() + (error.retryAfterMs ?? FIRST_RETRY_MS))
  }

  async function readAll(): Promise<Map<string, KnownLook>> {
    const known = new Map<string, KnownLook>()
    let continuation: string | undefined
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const page = await looks.list({ limit: PAGE, continuation })
      for (const look of page.items) known.set(look.key, look)
      continuation = page.continuation
      if (continuation === undefined) break
    }
    return known
  }

  return { sweep, takeInSecretEvents, troubles }
}

function isDue(one: SecuredDatastore, row: KnownLook | undefined, now: number): boolean {
  return row === undefined || row.dueAt <= now || row.wanted !== describe(one)
}

/** A reference with a version never changes. */
function uses({ datastore }: SecuredDatastore, secret: SecretReference): boolean {
  const parsed = parseSecretReference(datastore.credential.secret)
  return !('problem' in parsed) && parsed.version === undefined && isSameSecret(parsed, secret)
}

function newLook(one: SecuredDatastore): DatastoreLook {
  return { key: one.key, wanted: describe(one), dueAt: 0, goodAt: undefined, trouble: undefined }
}

function describe({ workspace, datastore }: SecuredDatastore): string {
  const { subscription, resourceGroup, name, credential } = workspace
  return JSON.stringify([subscription, resourceGroup, name, credential, datastore])
}

function retryMs(attempts: number, error: unknown): number {
  const asked = error instanceof TransientError ? (error.retryAfterMs ?? 0) : 0
  return Math.max(asked, Math.min(LOOK_EVERY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts, 10)))
}
