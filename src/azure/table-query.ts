import type { TableClient, TableEntityResult } from '@azure/data-tables'
import type { Page, PageRequest } from '../app/ports.ts'
import { PermanentError } from '../core/errors.ts'
import { fromStorage, statusOf } from './errors.ts'
import { withinTime } from './within-time.ts'

/** Entities in one answer of Table Storage. */
const MAX_PAGE = 1000
const BAD_REQUEST = 400
const NOT_GIVEN_OUT = 'continuation: not one that was given out; begin without it'

/**
 * One page of a query. Table Storage may answer fewer than asked for, even none, and still have more: follow
 * the continuation. `select`: nothing but these properties. PermanentError where the continuation is not one that was given out.
 */
export async function queryPage<T extends object>(
  table: TableClient,
  filter: string,
  { continuation, limit }: PageRequest,
  doing: string,
  select?: readonly string[],
): Promise<Page<TableEntityResult<T>>> {
  if (continuation !== undefined && !isContinuation(continuation)) {
    throw new PermanentError(NOT_GIVEN_OUT)
  }
  try {
    const queryOptions = { filter, ...(select === undefined ? {} : { select: [...select] }) }
    const pages = table.listEntities<T>({ queryOptions, ...withinTime() }).byPage({
      maxPageSize: Math.min(limit, MAX_PAGE),
      ...(continuation === undefined ? {} : { continuationToken: continuation }),
    })
    for await (const page of pages) return { items: page, continuation: page.continuationToken }
    return { items: [], continuation: undefined }
  } catch (error) {
    // The filters are ours: what Azure does not like is the continuation.
    if (continuation !== undefined && statusOf(error) === BAD_REQUEST) throw new PermanentError(NOT_GIVEN_OUT)
    throw fromStorage(error, doing)
  }
}

/** The SDK's own form: partition and row key as JSON in base64. It fails late and oddly on anything else. */
function isContinuation(text: string): boolean {
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64').toString('utf8'))
    if (typeof token !== 'object' || token === null) return false
    const { nextPartitionKey, nextRowKey } = token as Record<string, unknown>
    return typeof nextPartitionKey === 'string' && ['string', 'undefined'].includes(typeof nextRowKey)
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
