import type { TableClient } from '@azure/data-tables'
import type { BudgetStore } from '../app/ports.ts'
import type { BudgetState } from '../core/arm-budget.ts'
import { UnreadableError } from '../core/errors.ts'
import { fromStorage, isConflict, isNotFound } from './errors.ts'
import { BUDGET, contentOf, fromBudget } from './ledger-rows.ts'
import { withinTime } from './within-time.ts'

/** Budgets in the ledger's table, apart from the assets. The table must exist. */
export function createTableBudgetStore(table: TableClient): BudgetStore {
  return {
    async read(subscription, kind) {
      try {
        const entity = await table.getEntity<Record<string, unknown>>(
          `${BUDGET}${subscription}`,
          kind,
          withinTime(),
        )
        return { etag: entity.etag, state: stateOf(entity) }
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw fromStorage(error, `read the budget of subscription ${subscription}`)
      }
    },

    async write(subscription, kind, etag, state) {
      const row = fromBudget(subscription, kind, state)
      try {
        const written =
          etag === undefined
            ? await table.createEntity(row, withinTime())
            : await table.updateEntity(row, 'Replace', { etag, ...withinTime() })
        if (written.etag === undefined) throw new Error('the write of a budget was answered without an etag')
        return { etag: written.etag }
      } catch (error) {
        if (isConflict(error)) return 'conflict'
        throw fromStorage(error, `change the budget of subscription ${subscription}`)
      }
    },
  }
}

/** What cannot be read is no reason to stand still: an account can be begun anew. */
function stateOf(entity: Record<string, unknown>): BudgetState | undefined {
  try {
    return contentOf<BudgetState>(entity, 'budget')
  } catch (error) {
    if (error instanceof UnreadableError) return undefined
    throw error
  }
}
