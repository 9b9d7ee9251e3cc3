import type { Match } from './matching.ts'

/**
 * One match for each asset and data path that several rules make of one file: the first rule's, for the
 * workspaces of all of them. The content is one, and so is its version.
 */
export function joinMatches(matches: readonly Match[]): Match[] {
  if (matches.length < 2) return [...matches]
  const joined = new Map<string, Match>()
  for (const match of matches) {
    const key = groundOf(match)
    const first = joined.get(key)
    joined.set(key, first === undefined ? match : withWorkspacesOf(first, match))
  }
  return [...joined.values()]
}

/** Of these matches those that are wanted, or are joined with one that is: what is made for one is made for all. */
export function joinWanted(matches: readonly Match[], wants: (match: Match) => boolean): Match[] {
  const wanted = new Set(matches.filter(wants).map(groundOf))
  return wanted.size === 0 ? [] : joinMatches(matches).filter(match => wanted.has(groundOf(match)))
}

function groundOf({ role, asset, rule, dataPath }: Match): string {
  return JSON.stringify([role, asset ?? rule.name, dataPath, rule.type])
}

function withWorkspacesOf(first: Match, { rule }: Match): Match {
  const workspaces = [...new Set([...first.rule.workspaces, ...rule.workspaces])].sort()
  return { ...first, rule: { ...first.rule, workspaces } }
}
