import type { AzureMl } from '../../src/app/ports.ts'
import type { Workspace } from '../../src/core/rules/rule-set.ts'
import { MINUTE, SECOND } from '../../src/core/time.ts'
import { expectedOf, WORKSPACES } from './assets.ts'
import type { Faults } from './faults.ts'
import type { Fleet } from './fleet.ts'
import type { History } from './history.ts'
import { drawVariant, type Profile } from './profile.ts'
import type { Random } from './random.ts'
import type { RulesLog } from './rules-log.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

/** What others did to the workspaces: what is excused by it must be known. */
export interface Deeds {
  /** `workspace/asset/number` */
  strangers: Set<string>
  archived: Set<string>
  /** By asset: the highest number that any stranger has used. */
  highestOfStrangers: Map<string, number>
  /** Workspaces that are gone. */
  gone: Set<string>
  /** Those, and those that were and are back. */
  everGone: Set<string>
}

interface Dependencies {
  timeline: Timeline
  random: Random
  trace: Trace
  profile: Profile
  faults: Faults
  fleet: Fleet
  azureMl: AzureMl
  history: History
  rulesLog: RulesLog
  workspaces: ReadonlyMap<string, Workspace>
  /** Somebody looks at the list of failures. */
  look: () => void
  /** When files are uploaded, in milliseconds from the beginning. */
  moments: readonly number[]
}

/** So long after an upload what comes of it is under way. */
const NEAR_MS = 2 * MINUTE
const LONGEST_DEATH_MS = 2 * MINUTE
const LONGEST_FREEZE_MS = 100 * SECOND

/** Plans all that happens to processes, workspaces and rules while there is trouble. */
export function planMischief(dependencies: Dependencies): Deeds {
  const { timeline, random, trace, profile, faults, fleet, rulesLog, moments } = dependencies
  const deeds: Deeds = {
    strangers: new Set(),
    archived: new Set(),
    highestOfStrangers: new Map(),
    gone: new Set(),
    everGone: new Set(),
  }
  const hands = createHands(dependencies, deeds)
  const end = timeline.now() + profile.troubleMs
  /** As often as not just when there is something going on. */
  const sometime = (times: number, act: () => void) => {
    for (let time = 0; time < times; time += 1) {
      const near = random.pick(moments) + random.scale(SECOND, NEAR_MS)
      const isNear = random.chance(0.5) && near < profile.troubleMs
      timeline.after(isNear ? near : random.next() * profile.troubleMs, act)
    }
  }

  sometime(profile.kills, () => {
    const victim = fleet.pick()
    if (victim === undefined) return
    fleet.kill(victim)
    timeline.after(random.scale(SECOND, LONGEST_DEATH_MS), fleet.start)
  })
  sometime(profile.freezes, () => {
    const victim = fleet.pick()
    if (victim !== undefined) fleet.freeze(victim, random.scale(5 * SECOND, LONGEST_FREEZE_MS))
  })
  sometime(profile.outages, () => {
    const alias = random.pick(WORKSPACES)
    if (faults.workspaces.has(alias)) return
    const forMs = random.scale(SECOND, profile.longestOutageMs)
    trace.count('workspace outages')
    trace.line('azure-ml', `${alias} is down for ${Math.round(forMs / SECOND)} s`)
    faults.workspaces.set(alias, 'down')
    timeline.after(forMs, () => faults.workspaces.delete(alias))
  })
  sometime(profile.workspacesGone, () => {
    const alias = random.pick(WORKSPACES)
    trace.count('workspaces deleted')
    trace.line('azure-ml', `${alias} is deleted`)
    faults.workspaces.set(alias, 'gone')
    deeds.gone.add(alias)
    deeds.everGone.add(alias)
    if (random.chance(0.5)) return
    timeline.after(random.next() * (end - timeline.now()), () => {
      trace.line('azure-ml', `${alias} is back`)
      faults.workspaces.delete(alias)
      deeds.gone.delete(alias)
    })
  })
  sometime(profile.rulesChanges, () => {
    const variant = drawVariant(random, rulesLog.entries().at(-1)?.variant)
    trace.count('rules changed')
    trace.line('rules', 'changed', JSON.stringify(variant))
    rulesLog.change(variant, timeline.now())
  })
  sometime(profile.retries, hands.retry)
  sometime(profile.looks, dependencies.look)
  sometime(profile.strangers, () => void hands.useNumber())
  sometime(profile.archivings, () => void hands.archive())
  return deeds
}

/** Someone who works in the workspaces by hand. */
function createHands(dependencies: Dependencies, deeds: Deeds) {
  const { random, trace, fleet, azureMl, history, rulesLog, workspaces } = dependencies

  function pickAsset() {
    const paths = [...history.changes.keys()]
    const expected = paths.length === 0 ? undefined : expectedOf(random.pick(paths))
    if (expected === undefined) return undefined
    const named = rulesLog.entries().at(-1)?.variant.workspaces[expected.rule] ?? []
    const workspace = workspaces.get(random.pick(random.chance(0.8) ? named : WORKSPACES))
    return workspace === undefined ? undefined : { expected, workspace }
  }

  function retry(): void {
    const process = fleet.pick()
    const asset = pickAsset()?.expected.asset
    if (process === undefined || asset === undefined) return
    trace.count('retries by hand')
    fleet.invoke(process, `retry ${asset}`, lakemark => lakemark.retry(asset)).catch(() => undefined)
  }

  async function useNumber(): Promise<void> {
    const picked = pickAsset()
    if (picked === undefined) return
    const { workspace, expected } = picked
    const { asset, type } = expected
    const ahead = random.pick([1, 1, 2, 2, 3])
    const number = (await azureMl.highestVersion(workspace, asset)) + ahead
    const dataUri = `azureml://datastores/by_hand/paths/${asset}/${number}`
    const rest = { description: undefined, tags: {}, properties: {} }
    await azureMl.putVersion(workspace, asset, number, { type, dataUri, ...rest })
    deeds.strangers.add(`${workspace.alias}/${asset}/${number}`)
    deeds.highestOfStrangers.set(asset, Math.max(number, deeds.highestOfStrangers.get(asset) ?? 0))
    trace.count('numbers used by strangers')
    trace.line('stranger', `uses ${asset} ${number} in ${workspace.alias}`)
  }

  async function archive(): Promise<void> {
    const picked = pickAsset()
    if (picked === undefined) return
    const { workspace, expected } = picked
    const highest = await azureMl.highestVersion(workspace, expected.asset)
    if (highest === 0) return
    const number = random.between(1, highest)
    if ((await azureMl.getVersion(workspace, expected.asset, number)) === undefined) return
    await azureMl.archiveVersion(workspace, expected.asset, number)
    deeds.archived.add(`${workspace.alias}/${expected.asset}/${number}`)
    trace.count('versions archived by strangers')
    trace.line('stranger', `archives ${expected.asset} ${number} in ${workspace.alias}`)
  }

  return { useNumber, archive, retry }
}
