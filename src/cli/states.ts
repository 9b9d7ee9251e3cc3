import type { WorkspaceState } from '../app/questions/asset-views.ts'
import type { Style } from './terminal/paint.ts'
import type { Cell } from './terminal/table.ts'

export type States = Record<string, WorkspaceState>

/** `ml-retail: registered, ml-forecast: failed (why)` */
export function statesOf(workspaces: States): string {
  return Object.entries(workspaces)
    .map(([alias, { state, reason }]) => `${alias}: ${state}${reason === null ? '' : ` (${reason})`}`)
    .join(', ')
}

/** The same in a table, in the colour of the worst of them. */
export function statesCell(workspaces: States): Cell {
  const text = statesOf(workspaces)
  const style = styleOf(Object.values(workspaces).map(({ state }) => state))
  return style === undefined ? text : { text, style }
}

export function styleOf(states: readonly WorkspaceState['state'][]): Style | undefined {
  if (states.includes('failed')) return 'red'
  if (states.includes('pending')) return 'yellow'
  return states.length === 0 ? undefined : 'green'
}
