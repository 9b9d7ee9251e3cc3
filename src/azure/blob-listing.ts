import { createHttpHeaders, createPipelineRequest, type PipelineResponse } from '@azure/core-rest-pipeline'
import { type BlobServiceClient, RestError } from '@azure/storage-blob'
import type { LakePlace, PageRequest } from '../app/ports.ts'
import { ContinuationError, reasonOf, TransientError } from '../core/errors.ts'
import { SECOND } from '../core/time.ts'
import { fromStorage, isNotFound, statusOf } from './errors.ts'
import { createListingScanner, type Listing } from './listing-xml.ts'
import { withinTime } from './within-time.ts'

/** The service gives no more, whatever is asked for. */
const MAX_PAGE = 5000
/** A full page is some five megabytes, and accounts that partition their index answer within seconds at worst. */
const PAGE_MS = 30 * SECOND
/** The SDK repeats what gets no answer; an answer that breaks off is ours to ask for again. */
const MAX_ANSWERS = 3
const BAD_REQUEST = 400
/** For some time after a container was deleted, and then there is none. */
const BEING_DELETED = 'ContainerBeingDeleted'
/**
 * `metadata` holds the mark of directories, `copy` whether a copy into a blob goes on; nothing else is needed. On
 * accounts with a hierarchical namespace, and there alone, `permissions` would name directories too, but owner, group,
 * mode and ACL of every blob come with it.
 */
const INCLUDE = 'metadata,copy'

export interface ListingQuery {
  delimiter?: string
  /** The first name, in the service's order, that is wanted; since version 2026-02-06 of the service's API. */
  startFrom?: string
}

export interface ListingOptions {
  /** For one page with all its repetitions. */
  pageMs?: number
}

/**
 * One page of List Blobs, flat or, with a delimiter, one level deep. Undefined: there is no such container. Throws
 * ContinuationError where the continuation is not taken.
 *
 * The SDK's own listing spends most of its time on making objects of XML, so the answer is read here, while it
 * comes. The request goes through the SDK's pipeline all the same: what signs it, repeats it, and which version of
 * the API it asks for are those of the client.
 */
export async function readListing(
  service: BlobServiceClient,
  { account, container, prefix }: LakePlace,
  { delimiter, startFrom }: ListingQuery,
  { continuation, limit }: PageRequest,
  { pageMs = PAGE_MS }: ListingOptions = {},
): Promise<Listing | undefined> {
  const client = service.getContainerClient(container)
  const query = toQuery({
    restype: 'container',
    comp: 'list',
    prefix: prefix === '' ? undefined : prefix,
    delimiter,
    startFrom: startFrom === '' ? undefined : startFrom,
    marker: continuation,
    maxresults: String(Math.min(limit, MAX_PAGE)),
    include: INCLUDE,
  })
  // The address may hold a shared access signature already.
  const url = `${client.url}${client.url.includes('?') ? '&' : '?'}${query}`
  const { abortSignal } = withinTime(pageMs)
  try {
    for (let answers = 1; ; answers += 1) {
      try {
        return await read(await send(service, url, abortSignal))
      } catch (error) {
        if (!(error instanceof BrokenOff) || answers === MAX_ANSWERS || abortSignal.aborted) throw error
      }
    }
  } catch (error) {
    if (isNotFound(error) || isBeingDeleted(error)) return undefined
    // Of a request like this one nothing but the continuation can be wrong.
    if (continuation !== undefined && statusOf(error) === BAD_REQUEST) {
      throw new ContinuationError(`the continuation of a listing of ${account}/${container} is not taken`)
    }
    throw fromStorage(error, `list ${account}/${container}`)
  }
}

/**
 * The SDK has no public way to send a request of one's own. The field is declared `protected`, for clients derived
 * from it, so the compiler knows its type, and would tell if it were gone; a pipeline of ours would need the packages
 * that Azure keeps for internal use, and a second set of rules for repeating.
 */
async function send(
  service: BlobServiceClient,
  url: string,
  abortSignal: AbortSignal,
): Promise<PipelineResponse> {
  // biome-ignore lint/complexity/useLiteralKeys: only written so may a protected field be read, with its type
  const context = service['storageClientContext']
  const response = await context.sendRequest(
    createPipelineRequest({
      url,
      method: 'GET',
      headers: createHttpHeaders({ Accept: 'application/xml', 'x-ms-version': context.version }),
      abortSignal,
      // As the SDK has it: over http for the emulator, and for whoever names such an address.
      allowInsecureConnection: true,
      streamResponseStatusCodes: new Set([200]),
    }),
  )
  if (response.status === 200) return response
  throw new RestError(`the storage account answered ${response.status}`, {
    statusCode: response.status,
    code: response.headers.get('x-ms-error-code') ?? '',
    request: response.request,
    response,
  })
}

function isBeingDeleted(error: unknown): boolean {
  return error instanceof RestError && error.code === BEING_DELETED
}

/** The connection ended within the answer. */
class BrokenOff extends TransientError {}

async function read({ readableStreamBody }: PipelineResponse): Promise<Listing> {
  const scanner = createListingScanner()
  for await (const chunk of chunksOf(readableStreamBody ?? [])) scanner.write(chunk)
  return scanner.end()
}

/** Throws BrokenOff where the connection fails; what its reader throws is none of its business. */
async function* chunksOf(body: AsyncIterable<string | Buffer> | Iterable<never>): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  } catch (error) {
    throw new BrokenOff(`the listing broke off: ${reasonOf(error)}`, { cause: error })
  }
}

/** As the SDK writes it: shared keys sign the query decoded, in which a plus sign is a plus sign. */
function toQuery(parameters: Record<string, string | undefined>): string {
  return Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')
}
