import type { RuleSet } from '../../src/core/rules/rule-set.ts'

/** What the rules say of Azure, for main.bicepparam: all in a fixed order, so that the same rules give the same file. */
export interface Watched {
  /** By storage account, the containers in it. */
  lakes: Record<string, string[]>
  /** Those that the app speaks to by its own identity: those that no rule sends to, callers may register data in. */
  workspaces: { subscription: string; resourceGroup: string; name: string }[]
}

/** The containers whose events the rules want, and the workspaces that the app needs rights on. */
export function toWatched({ rules, workspaces }: RuleSet): Watched {
  const places = new Map<string, Set<string>>()
  for (const { account, container } of rules) {
    const containers = places.get(account) ?? new Set()
    places.set(account, containers.add(container))
  }
  const own = [...workspaces.values()].filter(it => it.credential === undefined)
  const byId = new Map(
    own.map(({ subscription, resourceGroup, name }) => {
      const place = { subscription, resourceGroup, name }
      return [Object.values(place).join('/').toLowerCase(), place]
    }),
  )
  return {
    lakes: Object.fromEntries([...places].sort(byKey).map(([account, them]) => [account, [...them].sort()])),
    workspaces: [...byId].sort(byKey).map(([, place]) => place),
  }
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
