/** What a request goes through so that its event is made: at the right time, in the right order, or not at all. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { parseBatch, parseBatchAnswer, readBody } from './batch.ts'
import type { FactsOf } from './blob-facts.ts'
import { type BlobTurns, takeAll } from './blob-turns.ts'
import type { Passage } from './forward.ts'
import { type BlobAddress, type Operation, parseOperation } from './operation.ts'
import {
  type BlobFacts,
  type EventSource,
  type FinishedOperation,
  type StorageEvent,
  toStorageEvent,
} from './storage-event.ts'

/** 256 answers with their error texts stay far below. */
const BATCH_ANSWER_LIMIT_BYTES = 8 * 1024 * 1024

export interface EventMaker {
  /** Other accounts make no events. */
  account: string
  source: EventSource
  turns: BlobTurns
  factsOf: FactsOf
  onEvent(event: StorageEvent): Promise<void>
}

/** The operation took place and its event could not be recorded. */
export class EventFailure extends Error {
  override readonly name = 'EventFailure'
}

/** A passage with an end: to be called when the request is over, however it went. */
export interface GuardedPassage extends Passage {
  end(): void
}

export type BlobOperation = Extract<Operation, { kind: 'event' | 'change' }>

/**
 * Operations on one blob take turns from before they can take place until their event is recorded: the
 * order of sequencers is the order in which the storage changed. Uploads wait with all but their last bytes
 * sent, so a slow one keeps nobody waiting.
 */
export function toBlobPassage(
  maker: EventMaker,
  operation: BlobOperation,
  req: IncomingMessage,
): GuardedPassage {
  const { at } = operation
  const turn = createHold(maker.turns, [at])
  if (operation.kind === 'change') return { beforeEnd: turn.take, end: turn.end }
  let before: BlobFacts | undefined
  return {
    async beforeEnd() {
      await turn.take()
      if (operation.api === 'DeleteBlob') before = await maker.factsOf(at)
    },
    async beforeAnswer(answer, sentBytes) {
      if (!isDone(answer)) return undefined
      const etag = answer.headers.etag
      await record(maker, async () => ({
        ...operation,
        facts:
          before ??
          requestFacts(req.headers, operation.api, sentBytes) ??
          (await maker.factsOf(at, etag)) ??
          {},
        clientRequestId: req.headers['x-ms-client-request-id']?.toString(),
        requestId: answer.headers['x-ms-request-id']?.toString(),
        etag,
      }))
      return undefined
    },
    end: turn.end,
  }
}

/** One request, many deletes: the body has been read, and so is the answer, which says which of them succeeded. */
export function toBatchPassage(maker: EventMaker, req: IncomingMessage, body: Buffer): GuardedPassage {
  const deletes = parseBatch(req.headers['content-type'], body).flatMap(
    ({ contentId, method, target, headers }) => {
      const operation = parseOperation({ method, target, header: name => headers.get(name) })
      if (operation.kind !== 'event' || operation.at.account !== maker.account) return []
      return [{ ...operation, contentId, clientRequestId: headers.get('x-ms-client-request-id') }]
    },
  )
  const turn = createHold(
    maker.turns,
    deletes.map(({ at }) => at),
  )
  const before = new Map<string, BlobFacts | undefined>()
  return {
    body,
    async beforeEnd() {
      await turn.take()
      await Promise.all(
        deletes.map(async ({ contentId, at }) => before.set(contentId, await maker.factsOf(at))),
      )
    },
    async beforeAnswer(answer) {
      const answerBody = await readBody(answer, BATCH_ANSWER_LIMIT_BYTES)
      if (answerBody === undefined) throw new EventFailure('the answer to the batch is too long to be read')
      const items = new Map(
        parseBatchAnswer(answer.headers['content-type'], answerBody).map(item => [item.contentId, item]),
      )
      for (const { contentId, ...deleted } of deletes) {
        const item = items.get(contentId)
        if (item === undefined || !isSuccess(item.status)) continue
        const facts = before.get(contentId) ?? {}
        const requestId = item.headers.get('x-ms-request-id')
        await record(maker, async () => ({ ...deleted, facts, requestId, etag: undefined }))
      }
      return answerBody
    },
    end: turn.end,
  }
}

async function record(maker: EventMaker, finish: () => Promise<FinishedOperation>): Promise<void> {
  try {
    await maker.onEvent(toStorageEvent(maker.source, await finish()))
  } catch (cause) {
    throw new EventFailure('The operation took place, but its event could not be recorded.', { cause })
  }
}

/** Of a plain Put Blob the request itself says everything; anything else has to be asked for. */
function requestFacts(headers: IncomingHttpHeaders, api: string, sentBytes: number): BlobFacts | undefined {
  const blobType = headers['x-ms-blob-type']?.toString()
  const isPlain = api === 'PutBlob' && blobType === 'BlockBlob' && headers['x-ms-copy-source'] === undefined
  if (!isPlain) return undefined
  const contentType = headers['x-ms-blob-content-type']?.toString() ?? headers['content-type']
  return { contentType: contentType ?? 'application/octet-stream', contentLength: sentBytes, blobType }
}

/** A copy that is still pending has made no blob yet; Azurite copies at once and never answers so. */
function isDone(answer: IncomingMessage): boolean {
  return isSuccess(answer.statusCode ?? 0) && answer.headers['x-ms-copy-status'] !== 'pending'
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

function createHold(turns: BlobTurns, blobs: BlobAddress[]) {
  const keys = blobs.map(({ account, container, blob }) => `${account}/${container}/${blob}`)
  let taken: Promise<() => void> | undefined
  return {
    async take() {
      taken = takeAll(turns, keys)
      await taken
    },
    end() {
      void taken?.then(end => end())
    },
  }
}
