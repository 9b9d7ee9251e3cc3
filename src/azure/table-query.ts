import type { TableClient, TableEntityResult } from '@azure/data-tables'
import type { Page, PageRequest } from '../app/ports.ts'
import { PermanentError } from '../core/errors.ts'
import { fromStorage } from './errors.ts'
import { withinTime } from './within-time.ts'

/** Entities in one answer of Table Storage. */
const MAX_PAGE = 1000

/**
 * One page of a query. Table Storage may answer fewer than asked for, even none, and still have more: follow
 * the continuation. PermanentError where the continuation is not one that was given out.
 */
export async function queryPage<T extends object>(
  table: TableClient,
  filter: string,
  { continuation, limit }: PageRequest,
  doing: string,
): Promise<Page<TableEntityResult<T>>> {
  if (continuation !== undefined && !isContinuation(continuation)) {
    throw new PermanentError('continuation: not one that was given out; begin without it')
  }
  try {
    const pages = table.listEntities<T>({ queryOptions: { filter }, ...withinTime() }).byPage({
      maxPageSize: Math.min(limit, MAX_PAGE),
      ...(continuation === undefined ? {} : { continuationToken: continuation }),
    })
    for await (const page of pages) return { items: page, continuation: page.continuationToken }
    return { items: [], continuation: undefined }
  } catch (error) {
    throw fromStorage(error, doing)
  }
}

/** The SDK's own form: partition and row key as JSON in base64. It fails late and oddly on anything else. */
function isContinuation(text: string): boolean {
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
    return typeof (token as { nextPartitionKey?: unknown } | null)?.nextPartitionKey === 'string'
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
