import type { WorkspaceState } from '../app/status.ts'

/** `ml-retail: registered, ml-forecast: failed (why)` */
export function statesOf(workspaces: Record<string, WorkspaceState>): string {
  return Object.entries(workspaces)
    .map(([alias, { state, reason }]) => `${alias}: ${state}${reason === null ? '' : ` (${reason})`}`)
    .join(', ')
}
