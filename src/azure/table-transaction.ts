/**
 * Entity group transactions of Table Storage, several rows of one partition in one request, all or none:
 * https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions. The SDK builds a client
 * with a pipeline of its own for each transaction and sends every row through it, which takes more time than all
 * else that recording a file needs; here the text is put together directly, and before it is known which etag guards
 * it. What signs the request, repeats it and names us is the SDK's pipeline all the same.
 */
import { randomUUID } from 'node:crypto'
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type PipelineResponse,
} from '@azure/core-rest-pipeline'
import { RestError, type TableClient } from '@azure/data-tables'
import { createLanes } from '../app/concurrency.ts'
import { TransientError } from '../core/errors.ts'
import { SECOND } from '../core/time.ts'
import { withinTime } from './within-time.ts'

/** A row to be written: strings, booleans, and whole numbers of 32 bits. Undefined columns are left out. */
export type WrittenRow = { partitionKey: string; rowKey: string } & Record<
  string,
  string | number | boolean | undefined
>

/** As the SDK's `submitTransaction` takes them; all rows are of one partition. */
export type Action =
  | ['create', WrittenRow]
  | ['upsert', WrittenRow, 'Replace']
  | ['update', WrittenRow, 'Replace', { etag: string }]
  | ['delete', { partitionKey: string; rowKey: string }]

/** `Prepared`: actions made ready to be sent behind another. */
export interface Transactions<Prepared> {
  prepare(actions: readonly Action[]): Prepared
  /**
   * Sends one action and, behind it, prepared ones; answers the new etag of the first one's row. Throws RestError with
   * the status and code of the action that failed, and then nothing was written; TransientError where no connection
   * was free in time.
   */
  submit(first: Action, rest: Prepared): Promise<string>
}

interface Parts {
  /** Bytes already: while these are made the service is busy with what was sent before, and idle once they are sent. */
  bytes: Buffer
  actions: number
}

/** More at a time make neither Table Storage nor Azurite faster, and each has a connection of its own. */
const AT_ONCE = 32
/**
 * Who has waited longer for a connection is told to come again: Event Grid has given up by then, and what the agenda
 * was told before must not be struck off before the commit (SWEEP_GRACE_MS).
 */
const LONGEST_WAIT_MS = 30 * SECOND
const NEW_LINE = '\r\n'
/** The version that the SDK names for transactions; rows may have 4 MiB together. */
const API_VERSION = '2019-02-02'

export function createTransactions(
  table: TableClient,
  { atOnce = AT_ONCE, waitMs = LONGEST_WAIT_MS } = {},
): Transactions<Parts> {
  // The address may hold a shared access signature.
  const [account = '', signature] = table.url.split('?')
  const root = account.endsWith('/') ? account.slice(0, -1) : account
  const url = `${root}/$batch${signature === undefined ? '' : `?${signature}`}`
  const tableUrl = `${root}/${table.tableName}`
  const httpClient = createDefaultHttpClient()
  const lanes = createLanes(atOnce)
  // The bounds of the parts must not be found in them: nobody can know these.
  const changeset = `changeset_${randomUUID()}`
  const batch = `batch_${randomUUID()}`

  async function send(body: Buffer): Promise<PipelineResponse> {
    const request = createPipelineRequest({
      url,
      method: 'POST',
      body,
      headers: createHttpHeaders({
        accept: 'application/json',
        'x-ms-version': API_VERSION,
        dataserviceversion: '3.0;',
        maxdataserviceversion: '3.0;NetFx',
        'content-type': `multipart/mixed; boundary=${batch}`,
      }),
      // As `createTableClient` has it: the address itself says whether it is the emulator's.
      allowInsecureConnection: url.startsWith('http:'),
      ...withinTime(),
    })
    return table.pipeline.sendRequest(httpClient, request)
  }

  return {
    prepare: actions => ({
      bytes: Buffer.from(actions.map(action => partOf(changeset, tableUrl, action)).join('')),
      actions: actions.length,
    }),

    async submit(first, rest) {
      const opening = [`--${batch}`, `content-type: multipart/mixed; boundary=${changeset}`, '', '']
      const begin = Buffer.from(opening.join(NEW_LINE) + partOf(changeset, tableUrl, first))
      const end = Buffer.from(['', `--${changeset}--`, `--${batch}--`, ''].join(NEW_LINE))
      const body = Buffer.concat([begin, rest.bytes, end])
      const patience = AbortSignal.timeout(waitMs)
      const response = await lanes(async () => {
        if (patience.aborted) throw new TransientError('no connection to Table Storage was free for too long')
        return send(body)
      })
      return firstEtag(response, rest.actions + 1)
    },
  }
}

/** A part that begins with a new line, and does not end with one. */
function partOf(changeset: string, tableUrl: string, action: Action): string {
  return [
    '',
    `--${changeset}`,
    'content-type: application/http',
    'content-transfer-encoding: binary',
    '',
    ...requestOf(tableUrl, action),
  ].join(NEW_LINE)
}

/** Request line, headers and body, each as the SDK writes it. */
function requestOf(tableUrl: string, action: Action): string[] {
  const [verb, row] = action
  const rowUrl = `${tableUrl}(PartitionKey='${toUrl(row.partitionKey)}',RowKey='${toUrl(row.rowKey)}')`
  if (verb === 'create') {
    return [
      `POST ${tableUrl} HTTP/1.1`,
      'Content-Type: application/json;odata=nometadata',
      'Accept: application/json;odata=minimalmetadata',
      'DataServiceVersion: 3.0',
      'Prefer: return-no-content',
      ...['', '', toJson(row)],
    ]
  }
  if (verb === 'delete') {
    return [
      `DELETE ${rowUrl} HTTP/1.1`,
      'Accept: application/json;odata=minimalmetadata',
      'DataServiceVersion: 3.0',
      'If-Match: *',
      ...['', ''],
    ]
  }
  return [
    `PUT ${rowUrl} HTTP/1.1`,
    'Content-Type: application/json',
    'DataServiceVersion: 3.0',
    'Accept: application/json',
    ...(verb === 'update' ? [`If-Match: ${action[3].etag}`] : []),
    ...['', '', toJson(row)],
  ]
}

/** In OData a quote within a text is written twice. */
function toUrl(key: string): string {
  return encodeURIComponent(key.replaceAll("'", "''"))
}

/** Whole numbers are taken for Edm.Int32 where no type is given: others would need one. */
function toJson({ partitionKey, rowKey, ...columns }: WrittenRow): string {
  for (const [name, value] of Object.entries(columns)) {
    if (typeof value === 'number' && value !== (value | 0)) {
      throw new Error(`column ${name} of row ${partitionKey}/${rowKey} is no whole number of 32 bits`)
    }
  }
  return JSON.stringify({ PartitionKey: partitionKey, RowKey: rowKey, ...columns })
}

/**
 * The answer holds a part for each action, in their order, or one alone for that which failed. Throws RestError: of
 * the status of the part, or without one where the answer is not of this form, and then nobody knows.
 */
function firstEtag(response: PipelineResponse, actions: number): string {
  const { status, bodyAsText } = response
  const text = bodyAsText ?? ''
  if (status !== 202) throw failure(response, status, text)
  const parts = text.split('--changesetresponse_').slice(1, -1)
  for (const part of parts) {
    const answered = Number(/HTTP\/1\.1 (\d{3})/.exec(part)?.[1])
    if (!(answered >= 200 && answered < 300)) throw failure(response, answered, part)
  }
  const etag = /^etag: *(.*?)\r?$/im.exec(parts[0] ?? '')?.[1]
  if (parts.length !== actions || etag === undefined) {
    throw new RestError(`${actions} changes were answered by ${parts.length}, or without an etag`, {
      request: response.request,
      response,
    })
  }
  return etag
}

/** OData's own error, where the text holds one. */
function failure(response: PipelineResponse, statusCode: number, text: string): RestError {
  const json = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)
  const { code, message } = odataError(json) ?? {}
  return new RestError(
    message?.value ?? `the transaction was answered with status ${statusCode || 'unknown'}`,
    {
      ...(code === undefined ? {} : { code }),
      ...(Number.isNaN(statusCode) ? {} : { statusCode }),
      request: response.request,
      response,
    },
  )
}

function odataError(json: string): { code?: string; message?: { value?: string } } | undefined {
  try {
    return (JSON.parse(json) as { 'odata.error'?: object })['odata.error']
  } catch {
    // A proxy's page, or none at all: the status says enough.
    return undefined
  }
}
