import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline'
import type { TableClient } from '@azure/data-tables'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { statusOf } from '../../src/azure/errors.ts'
import { createTableClient } from '../../src/azure/table-client.ts'
import { type Action, createTransactions } from '../../src/azure/table-transaction.ts'
import { TransientError } from '../../src/core/errors.ts'
import { DEV_ACCOUNT, DEV_KEY } from '../../src/emulators/lake/azurite.ts'

/** What a storage account received last, and what it answers. */
let received = { body: '', headers: {} as Record<string, unknown>, url: '' }
let answer = { status: 202, body: '' }
/** Whoever asks waits for it. */
let answering: Promise<void> = Promise.resolve()
let server: Server
let table: TableClient

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', async () => {
      const { url = '', headers } = request
      received = { body: Buffer.concat(chunks).toString(), headers, url }
      await answering
      response.writeHead(answer.status, { 'content-type': 'multipart/mixed; boundary=batchresponse_1' })
      response.end(answer.body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  table = createTableClient({ kind: 'connection string', connectionString: connectionTo('') }, 'ledger')
})

afterAll(() => new Promise(resolve => server.close(resolve)))

describe('an entity group transaction', () => {
  it('is, byte for byte, what the SDK sends', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 })
    const value = fc.oneof(text, fc.boolean(), fc.integer())
    const row = fc.record({
      rowKey: text,
      columns: fc.dictionary(fc.constantFrom('data0', 'cut', 'at'), value),
    })
    const verb = fc.constantFrom('create', 'upsert', 'update', 'delete')
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.array(fc.tuple(verb, row), { minLength: 1, maxLength: 5 }),
        async (partitionKey, drawn) => {
          const actions = drawn.map(([verb, { rowKey, columns }]) => {
            const written = { partitionKey, rowKey, ...columns }
            return toAction(verb, written)
          })
          answer = { status: 202, body: answerTo(actions.length) }
          await submit(actions)
          const ours = received
          await table.submitTransaction(actions)
          expect(parts(ours)).toEqual(parts(received))
          expect(ours.url).toBe(received.url)
          expect(essential(ours.headers)).toEqual(essential(received.headers))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('goes to an account that a shared access signature opens', async () => {
    const signed = `TableEndpoint=http://127.0.0.1:${port()}/devstoreaccount1;SharedAccessSignature=sv=2019-02-02&sig=abc%3D`
    const opened = createTableClient({ kind: 'connection string', connectionString: signed }, 'ledger')
    answer = { status: 202, body: answerTo(1) }
    await createTransactions(opened).submit(['create', ROW], createTransactions(opened).prepare([]))
    expect(received.url).toBe('/devstoreaccount1/$batch?sv=2019-02-02&sig=abc%3D')
    expect(received.body).not.toContain('sig=')
  })

  it('carries the token of an identity, as the SDK sends it', async () => {
    const sent: { url: string; headers: Record<string, unknown> }[] = []
    const credential = {
      getToken: async () => ({ token: 'abc', expiresOnTimestamp: Date.now() + 3_600_000 }),
    }
    const address = 'https://contosolake.table.core.windows.net'
    const connection = { kind: 'identity', blobUrl: '', queueUrl: '', tableUrl: address, credential } as const
    const identified = createTableClient(connection, 'ledger')
    const atTheEnd = { name: 'at the end', sendRequest: keep }
    identified.pipeline.addPolicy(atTheEnd, { afterPhase: 'Sign' })
    async function keep(request: PipelineRequest): Promise<PipelineResponse> {
      sent.push({ url: request.url, headers: request.headers.toJSON() })
      const headers = createHttpHeaders({ 'content-type': 'multipart/mixed; boundary=batchresponse_1' })
      return { request, headers, status: 202, bodyAsText: answerTo(1) }
    }
    const transactions = createTransactions(identified)
    await transactions.submit(['create', ROW], transactions.prepare([]))
    await identified.submitTransaction([['create', ROW]])
    const [ours, theirs] = sent
    expect(ours?.headers).toMatchObject({ authorization: 'Bearer abc', 'x-ms-version': '2019-02-02' })
    expect(ours?.url).toBe(`${address}/$batch`)
    expect(ours?.url).toBe(theirs?.url)
    expect(essential(ours?.headers ?? {})).toEqual(essential(theirs?.headers ?? {}))
  })

  it('is not sent any more where no connection was free for too long', async () => {
    answer = { status: 202, body: answerTo(1) }
    const { promise, resolve } = Promise.withResolvers<void>()
    answering = promise
    const transactions = createTransactions(table, { atOnce: 1, waitMs: 1 })
    const first = transactions.submit(['create', ROW], transactions.prepare([]))
    const second = transactions.submit(['create', { ...ROW, rowKey: 'late' }], transactions.prepare([]))
    const refused = expect(second).rejects.toThrow(TransientError)
    await new Promise(given => AbortSignal.timeout(2).addEventListener('abort', given))
    resolve()
    await first
    await refused
    expect(received.body).not.toContain('late')
  })

  it('refuses numbers that would need a type of their own', async () => {
    for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) {
      await expect(submit([['create', { ...ROW, cut: value }]])).rejects.toThrow('column cut of row p/r')
    }
    answer = { status: 202, body: answerTo(1) }
    await expect(submit([['create', { ...ROW, cut: 2 ** 31 - 1 }]])).resolves.toBe('W/"0"')
  })
})

describe('the answer to a transaction', () => {
  it('is the etag of the first row', async () => {
    answer = { status: 202, body: answerTo(2) }
    expect(
      await submit([
        ['create', ROW],
        ['create', { ...ROW, rowKey: 's' }],
      ]),
    ).toBe('W/"0"')
  })

  it('is the failure of one action, with its status and code', async () => {
    const error = {
      'odata.error': { code: 'UpdateConditionNotSatisfied', message: { lang: 'en', value: '1:no' } },
    }
    answer = { status: 202, body: failureOf(412, JSON.stringify(error)) }
    const refused = await submit([
      ['create', ROW],
      ['create', { ...ROW, rowKey: 's' }],
    ]).catch(caught => caught)
    expect(refused).toMatchObject({ statusCode: 412, code: 'UpdateConditionNotSatisfied', message: '1:no' })
  })

  it('is a failure also where a proxy answers with a page', async () => {
    answer = { status: 403, body: '<html>{ no }</html>' }
    expect(statusOf(await submit([['create', ROW]]).catch(caught => caught))).toBe(403)
  })

  it.each([
    ['is empty', ''],
    ['has a part too few', answerTo(1)],
    ['has a part too many', answerTo(3)],
    ['lacks the etag', answerTo(2).replaceAll(/ETag.*\r\n/g, '')],
    ['has a part without a status', answerTo(2).replace('HTTP/1.1 204', 'HTTP/1.1 ')],
  ])('says nothing where it %s: nobody knows what was written', async (_, body) => {
    answer = { status: 202, body }
    const caught: unknown = await submit([
      ['create', ROW],
      ['create', { ...ROW, rowKey: 's' }],
    ]).catch(error => error)
    expect(caught).toMatchObject({ name: 'RestError' })
    expect(statusOf(caught)).toBeUndefined()
  })
})

const ROW = { partitionKey: 'p', rowKey: 'r', layout: 1, data0: '{}' }

async function submit([first, ...rest]: Action[]): Promise<string> {
  const transactions = createTransactions(table)
  return transactions.submit(first as Action, transactions.prepare(rest))
}

function toAction(verb: string, row: { partitionKey: string; rowKey: string }): Action {
  if (verb === 'create') return ['create', row]
  if (verb === 'update') return ['update', row, 'Replace', { etag: `W/"datetime'2026'"` }]
  return verb === 'upsert' ? ['upsert', row, 'Replace'] : ['delete', row]
}

/** The body, its bounds named alike. */
function parts({ body }: { body: string }): string {
  return body.replaceAll(/(batch|changeset)_[0-9a-f-]{36}/g, '$1')
}

/** Without what differs from request to request, or names a sender. */
function essential(headers: Record<string, unknown>) {
  const {
    authorization,
    connection,
    'accept-charset': _,
    'x-ms-client-request-id': __,
    'x-ms-date': ___,
    ...rest
  } = headers
  const type = String(rest['content-type']).replace(/batch_.*/, 'batch')
  return {
    ...rest,
    'content-type': type,
    isSigned: String(authorization).startsWith('SharedKeyLite devstore'),
  }
}

function answerTo(actions: number): string {
  const part = (index: number) =>
    `--changesetresponse_1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\nETag: W/"${index}"\r\n\r\n\r\n`
  return `--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n${Array.from({ length: actions }, (_, index) => part(index)).join('')}--changesetresponse_1--\r\n--batchresponse_1--`
}

function failureOf(status: number, json: string): string {
  return `--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n--changesetresponse_1\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 ${status} No\r\n\r\n${json}\r\n--changesetresponse_1--\r\n--batchresponse_1--`
}

function port(): number {
  return (server.address() as AddressInfo).port
}

function connectionTo(more: string): string {
  return `DefaultEndpointsProtocol=http;AccountName=${DEV_ACCOUNT};AccountKey=${DEV_KEY};TableEndpoint=http://127.0.0.1:${port()}/${DEV_ACCOUNT}${more}`
}
