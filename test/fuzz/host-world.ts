/** The functions in the embedded host, over the adapters in memory and with the project's own host.json. */
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { createAnnouncer } from '../../src/app/announcer.ts'
import { createLeaveEvents } from '../../src/app/intake/leave-events.ts'
import { openRulesKeeper } from '../../src/app/rules/rules-keeper.ts'
import { registerFunctions } from '../../src/functions/register.ts'
import { type Host, parseHostJson, startHost } from '../../src/host/host.ts'
import { createInstruments } from '../../src/instruments.ts'
import { createMemoryAudit } from '../../src/memory/audit.ts'
import { createMemoryDeadLetters, type MemoryDeadLetters } from '../../src/memory/dead-letters.ts'
import { createMemoryRulesStore } from '../../src/memory/rules-store.ts'
import type { World } from '../../src/wiring.ts'
import { createMemoryWorld, READY_PROBES, WORKSPACES_YAML } from '../support/memory-world.ts'
import { createLogLines, type LogLines } from './log-lines.ts'
import { createMemoryQueues, type MemoryQueues } from './memory-queues.ts'

/** Everything in every container that has a name of its own, and folders. */
export const ALL_FILES = `
rules:
  - name: silver
    from: contosolake/silver
    match: "**"
    asset: "{path}"
    tags: { file: "{file}", folder: "{folder}" }
    description: "from {path}"
    to: [retail]
  - name: gold
    from: contosolake/gold
    match: "{top}/**"
    asset: "gold-{top}"
    type: uri_folder
    folder: "{top}"
    settle: 1m
    tags: { top: "{top}" }
    to: [ml-retail]
  - { name: root, from: contosolake/$root, match: "**", asset: "root-{path}", to: [retail] }
  - { name: web, from: contosolake/$web, match: "**", asset: "web-{path}", to: [retail] }
  - { name: logs, from: contosolake/$logs, match: "**", asset: "logs-{path}", to: [retail] }
`

export const WEBHOOK_SECRET = 'a secret of some length'
/** No timer goes off meanwhile. */
const SELDOM = '0 0 0 1 1 *'

export interface HostWorld {
  host: Host
  world: ReturnType<typeof createMemoryWorld>
  queues: MemoryQueues
  deadLetters: MemoryDeadLetters
  lines: LogLines
  close(): Promise<void>
}

export async function openHostWorld(
  override: (world: World) => Partial<World> = () => ({}),
): Promise<HostWorld> {
  const lines = createLogLines()
  const queues = createMemoryQueues()
  const world = createMemoryWorld(ALL_FILES, plain => ({ log: lines.log, ...override(plain) }))
  const { clock } = world
  const keeper = await openRulesKeeper({
    source: {
      address: 'memory',
      latestCommit: async () => 'abc1234',
      read: async () => ({
        commit: 'abc1234',
        files: [
          { path: 'workspaces.yaml', text: WORKSPACES_YAML },
          { path: 'rules.yaml', text: ALL_FILES },
        ],
      }),
    },
    store: createMemoryRulesStore(),
    announcer: createAnnouncer(world),
    clock,
    log: lines.log,
    isShared: false,
    commitOf: commit => commit,
    onActive: () => undefined,
  })
  const audit = createMemoryAudit()
  const redriveDeadLetters = async () => undefined
  const instruments = createInstruments(world, {
    lakemark: world.lakemark,
    keeper,
    probes: READY_PROBES,
    queueLength: async () => 0,
  })
  const deadLetters = createMemoryDeadLetters(clock)
  const leaveEvents = createLeaveEvents({ ...world, deadLetters })
  const opened = { redriveDeadLetters, leaveEvents, ...world.lakemark, ...instruments, keeper }
  const registration = {
    lakemark: async () => opened as never,
    sweepSchedule: SELDOM,
    deadLetterSchedule: SELDOM,
    resyncSchedule: SELDOM,
    rulesSchedule: SELDOM,
    rulesWebhookSecret: WEBHOOK_SECRET,
    auth: { kind: 'none' as const },
    audit: async () => audit,
    auditDays: 400,
  }
  const text = await readFile(new URL('../../host.json', import.meta.url), 'utf8')
  const hostJson = parseHostJson(text)
  const host = await startHost({
    port: 0,
    // A message that failed comes again at once: nothing here passes with time.
    hostJson: { ...hostJson, queues: { ...hostJson.queues, visibilityTimeoutMs: 0 } },
    load: async () => registerFunctions(registration),
    queueService: () => queues.service,
    setting: () => undefined,
    log: (level, message, fields) => {
      if (level !== 'debug') lines.log[level](message, fields)
    },
  })
  return { host, world, queues, deadLetters, lines, close: () => host.close({ graceMs: 1000 }) }
}

const LOOK_EVERY_MS = 5

/** Asks until it is so; throws what was seen last when it is not so in time. */
export async function until(what: string, look: () => Promise<unknown> | unknown, limitMs: number) {
  const deadline = Date.now() + limitMs
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await pause(LOOK_EVERY_MS)
  }
}
