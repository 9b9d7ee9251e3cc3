/** The functions in the embedded host over the adapters in memory, with tokens of an issuer asked for. */
import { readFile } from 'node:fs/promises'
import type { JWTPayload } from 'jose'
import { createAnnouncer } from '../../src/app/announcer.ts'
import type { AuditEntry, AuditLog } from '../../src/app/audit/audit.ts'
import type { Probes } from '../../src/app/questions/health.ts'
import { openRulesKeeper } from '../../src/app/rules/rules-keeper.ts'
import type { AuthSettings } from '../../src/config.ts'
import { PermanentError, TransientError } from '../../src/core/errors.ts'
import { registerFunctions } from '../../src/functions/register.ts'
import { parseHostJson, startHost } from '../../src/host/host.ts'
import { createInstruments } from '../../src/instruments.ts'
import { createMemoryAudit } from '../../src/memory/audit.ts'
import { createMemoryRulesStore } from '../../src/memory/rules-store.ts'
import { CLIENT_ID, type Issuer, TENANT } from '../access/issuer.ts'
import { createMemoryQueues } from '../fuzz/memory-queues.ts'
import { createMemoryWorld, READY_PROBES, WORKSPACES_YAML } from '../support/memory-world.ts'

/** The object id of whom the rule `owned` names. */
export const OWNER = '99999999-9999-4999-8999-999999999999'
export const WEBHOOK_SECRET = 'a secret of the push webhook'

/** Each file an asset: of `open/` by the role, of `owned/` by its owner alone. */
const RULES = `
rules:
  - { name: open, from: contosolake/silver, match: "open/{name}.csv", asset: "open-{name}", to: [retail] }
  - name: owned
    from: contosolake/silver
    match: "owned/{name}.csv"
    asset: "owned-{name}"
    to: [retail]
    operators: ${OWNER.toUpperCase()}
`
/** No timer goes off meanwhile. */
const SELDOM = '0 0 0 1 1 *'

export type ApiWorld = Awaited<ReturnType<typeof openApiWorld>>

export async function openApiWorld(issuer: Issuer, auth?: AuthSettings) {
  let refusing = false
  let isRunsAway = false
  const world = createMemoryWorld(RULES, ({ azureMl, runStore }) => ({
    runStore: {
      ...runStore,
      async read(...document) {
        if (isRunsAway) throw new TransientError('the table of runs is away')
        return runStore.read(...document)
      },
    },
    azureMl: {
      ...azureMl,
      async putVersion(...version) {
        if (refusing) throw new PermanentError('the tags are not to our liking')
        return azureMl.putVersion(...version)
      },
    },
  }))
  const { audit, failOn } = createFailingAudit()
  const lines: string[] = []
  let passedMs = 0
  let addresses = 0
  const { keeper, setSource } = await openKeeper(world)
  const probes: { -readonly [P in keyof Probes]: Probes[P] } = { ...READY_PROBES }
  const instruments = createInstruments(world, {
    lakemark: world.lakemark,
    keeper,
    probes,
    queueLength: async () => 7,
    answerMs: 50,
  })
  const opened = { ...world.lakemark, ...instruments, keeper, redriveDeadLetters: async () => undefined }
  const hostJson = parseHostJson(await readFile(new URL('../../host.json', import.meta.url), 'utf8'))
  const host = await startHost({
    port: 0,
    hostJson,
    load: async () =>
      registerFunctions({
        lakemark: async () => opened as never,
        sweepSchedule: SELDOM,
        deadLetterSchedule: SELDOM,
        resyncSchedule: SELDOM,
        rulesSchedule: SELDOM,
        rulesWebhookSecret: WEBHOOK_SECRET,
        auth: auth ?? { kind: 'entra', tenant: TENANT, audiences: [CLIENT_ID], authority: issuer.authority },
        isBehindAzure: true,
        audit: async () => audit,
        auditDays: 400,
        now: () => Date.now() + passedMs,
      }),
    queueService: () => createMemoryQueues().service,
    setting: () => undefined,
    log: (level, message, fields) => lines.push(JSON.stringify({ level, message, ...fields })),
  })

  return {
    world,
    host,
    audit,
    /** What the host was told to log. */
    lines,
    /** The next writes of the audit trail that fail: of what is begun, of what has ended. */
    failOn,
    /** What health asks; may be replaced one by one. */
    probes,
    failRuns: (isAway: boolean) => {
      isRunsAway = isAway
    },
    keeper,
    setSource,
    /** For tokens and rates. */
    pass: (ms: number) => {
      passedMs += ms
    },
    async call(method: string, path: string, options: CallOptions = {}): Promise<Response> {
      const { claims, token = claims && (await issuer.sign(claims)), headers = {}, body } = options
      addresses += 1
      const address = `203.0.${Math.floor(addresses / 250)}.${addresses % 250}`
      return fetch(`${host.url}/api/${path}`, {
        method,
        headers: {
          'X-Forwarded-For': `198.51.100.1, ${options.address ?? address}:4711`,
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    },
    /** Files that Azure ML refuses for good: their deliveries have failed, and may be tried again. */
    async fail(...paths: string[]): Promise<void> {
      refusing = true
      await world.deliver(...paths.map(path => world.upload(path)))
      await world.drain()
      refusing = false
    },
    /** Of the asset's newest version in one workspace. */
    async stateOf(asset: string): Promise<string | undefined> {
      const detail = await world.lakemark.status.asset(asset)
      return detail?.workspaces['ml-retail']?.state
    },
    /** Newest first. */
    audited: async (): Promise<AuditEntry[]> => (await audit.list({ limit: 1000 })).items,
    close: () => host.close({ graceMs: 1000 }),
  }
}

export interface CallOptions {
  /** Of a token that the issuer's key signs. */
  claims?: JWTPayload | undefined
  token?: string
  headers?: Record<string, string>
  /** Each call comes from another one where it is not said. */
  address?: string
  /** Sent as JSON. */
  body?: unknown
}

function createFailingAudit() {
  const memory = createMemoryAudit()
  const failOn = { begin: false, end: false }
  const audit: AuditLog = {
    async append(entry) {
      if (entry.outcome === undefined ? failOn.begin : failOn.end) {
        throw new TransientError('could not write the audit trail: the table is away', { retryAfterMs: 1500 })
      }
      await memory.append(entry)
    },
    list: memory.list,
    removeBefore: memory.removeBefore,
  }
  return { audit, failOn }
}

async function openKeeper(world: ReturnType<typeof createMemoryWorld>) {
  let source: { commit: string; text: string } | Error = { commit: 'abc1234', text: RULES }
  const read = async () => {
    if (source instanceof Error) throw source
    const { commit, text } = source
    const files = [
      { path: 'workspaces.yaml', text: WORKSPACES_YAML },
      { path: 'rules.yaml', text },
    ]
    return { commit, files }
  }
  const keeper = await openRulesKeeper({
    source: { address: 'memory', latestCommit: async () => (await read()).commit, read },
    store: createMemoryRulesStore(),
    announcer: createAnnouncer(world),
    clock: world.clock,
    log: world.log,
    isShared: false,
    commitOf: commit => commit,
    onActive: () => undefined,
  })
  return {
    keeper,
    /** What is found from now on where the rules come from, or met there. */
    setSource: (next: typeof source) => {
      source = next
    },
  }
}
