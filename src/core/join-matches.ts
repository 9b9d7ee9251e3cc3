import type { Match } from './matching.ts'

/**
 * One match for each asset and data path that several rules make of one file: the first rule's, for the
 * workspaces of all of them. The content is one, and so is its version.
 */
export function joinMatches(matches: readonly Match[]): Match[] {
  if (matches.length < 2) return [...matches]
  const joined = new Map<string, Match>()
  for (const match of matches) {
    const key = JSON.stringify([match.role, match.asset ?? match.rule.name, match.dataPath, match.rule.type])
    const first = joined.get(key)
    joined.set(key, first === undefined ? match : withWorkspacesOf(first, match))
  }
  return [...joined.values()]
}

function withWorkspacesOf(first: Match, { rule }: Match): Match {
  const workspaces = [...new Set([...first.rule.workspaces, ...rule.workspaces])].sort()
  return { ...first, rule: { ...first.rule, workspaces } }
}
