import type { Operated } from '../../core/access/decision.ts'
import type { AssetHead } from '../../core/asset/asset.ts'
import { claimantsOf } from '../../core/register/claims.ts'
import { type Ground, isFileWithin, isWithin, keepersOf } from '../../core/register/ground.ts'
import { isFromRequest, type Target } from '../../core/register/request.ts'
import type { Rule, RuleSet } from '../../core/rules/rule-set.ts'
import { forEachAtMost } from '../concurrency.ts'
import type { Ledger } from '../ports.ts'

const ASSETS_AT_ONCE = 16
const VERSIONS_PER_PAGE = 1000
/** Versions of an asset whose makers are asked for, from the newest back. */
const MAX_VERSIONS = 10_000

interface Dependencies {
  ledger: Pick<Ledger, 'readWork' | 'readVersions'>
  rules: () => { rules: RuleSet }
}

/** What made an asset. */
export interface Makers {
  head: AssetHead
  /** The names of rules of the files, in force or not. */
  rules: Set<string>
  /** What was registered on request. */
  grounds: Ground[]
}

/**
 * To whom the data of a request belongs. Rules that name operators keep what they watch, and the assets that they
 * make, to these operators; where there are none, the role decides.
 */
export function createOwners({ ledger, rules }: Dependencies) {
  /** Undefined: there is no such asset. */
  async function makersOf(asset: string): Promise<Makers | undefined> {
    const state = await ledger.readWork(asset)
    if (state === undefined) return undefined
    const { head } = state
    const makers: Makers = { head, rules: new Set(), grounds: [] }
    const grounds = new Map<string, Ground>()
    for (let from = Math.max(1, head.lastOrdinal - MAX_VERSIONS + 1); from <= head.lastOrdinal; ) {
      const window = await ledger.readVersions(asset, { from, limit: VERSIONS_PER_PAGE })
      for (const { spec } of window) {
        if (!isFromRequest(spec.rule)) makers.rules.add(spec.rule)
        else {
          const { account, container, type, dataPath: path } = spec
          grounds.set(JSON.stringify([account, container, type, path]), { account, container, type, path })
        }
      }
      from = (window.at(-1)?.ordinal ?? head.lastOrdinal) + 1
    }
    for (const { spec } of state.gatherings) if (!isFromRequest(spec.rule)) makers.rules.add(spec.rule)
    return { ...makers, grounds: [...grounds.values()] }
  }

  /** Of what was registered on request as this asset: who may operate it, beside those who made it otherwise. */
  async function operatedAsset(asset: string): Promise<Operated> {
    const grounds = (await makersOf(asset))?.grounds ?? []
    const keepers = grounds.map(ground => keepersOf(ground, rules().rules.rules))
    return { rules: [...new Set(keepers.flat())], beyond: keepers.some(its => its.length === 0) }
  }

  /** Of what these assets were made of so far. `beyond`: also of what no operators keep. */
  async function operatedAssets(assets: readonly string[]): Promise<{ rules: Rule[]; beyond: boolean }> {
    const guarded = guardedRules()
    const concerned = new Set<Rule>()
    let beyond = false
    await forEachAtMost(ASSETS_AT_ONCE, [...new Set(assets)], async asset => {
      const makers = await makersOf(asset)
      if (makers === undefined) return
      for (const name of makers.rules) {
        const rule = guarded.find(it => it.name === name)
        if (rule === undefined) beyond = true
        else concerned.add(rule)
      }
      for (const ground of makers.grounds) {
        const keepers = keepersOf(ground, guarded)
        beyond ||= keepers.length === 0
        for (const rule of keepers) concerned.add(rule)
      }
    })
    return { rules: [...concerned], beyond }
  }

  /**
   * The rules that keep the ground of these targets, or the names of their assets. `beyond`: some target reaches
   * beyond what the operators of such a rule may register without a role.
   */
  function operatedTargets(targets: readonly Target[]): { rules: Rule[]; beyond: boolean } {
    const guarded = guardedRules()
    const concerned = new Set<Rule>()
    let beyond = false
    for (const target of targets) {
      const keepers = keepersOf(groundOf(target), guarded)
      const claimants = claimantsOf(target.asset, rules().rules.rules)
      const isOthers = claimants.some(({ operators }) => operators.length === 0)
      beyond ||= isOthers || !keepers.some(rule => isContained(target, rule))
      for (const rule of keepers) concerned.add(rule)
      for (const rule of claimants) if (rule.operators.length > 0) concerned.add(rule)
    }
    return { rules: [...concerned], beyond }
  }

  function guardedRules(): Rule[] {
    return rules().rules.rules.filter(({ operators }) => operators.length > 0)
  }

  return { makersOf, operatedAsset, operatedAssets, operatedTargets }
}

function groundOf({ datastore: { account, container }, type, dataPath }: Target): Ground {
  return { account, container, type, path: dataPath }
}

/** Whether the rule's operators may register the target on the strength of the rule alone. */
function isContained({ type, dataPath, pattern, workspaces }: Target, rule: Rule): boolean {
  if (!workspaces.every(alias => rule.workspaces.includes(alias))) return false
  return type === 'uri_file' ? isFileWithin(rule, dataPath) : isWithin(rule, pattern)
}
