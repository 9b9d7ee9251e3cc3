/** Drops files into the lake as clients do: over HTTP, with Microsoft's SDK, trying again until it is done. */
import { setTimeout as wait } from 'node:timers/promises'
import {
  BlobServiceClient,
  type ContainerClient,
  RestError,
  StorageSharedKeyCredential,
} from '@azure/storage-blob'
import { CONTAINER, lanesOf, type Operation } from './files.ts'
import type { Random } from './random.ts'

const LANES = 12
const RETRY_MS = 200
const CALL_LIMIT_MS = 15_000
const MAX_BYTES = 2000
const SOURCE_CONTAINER = 'elsewhere'

export interface WriterOptions {
  /** The blob endpoint, account included. */
  lake: string
  account: string
  key: string
  operations: readonly Operation[]
  random: Random
  /** The operations are spread over this time. */
  durationMs: number
  /** What is not done so long after that is an error. */
  patienceMs: number
  /** Each request goes through here: the lake may be closed for a while. */
  pass<T>(act: () => Promise<T>): Promise<T>
}

export interface Writer {
  done: Promise<void>
  /** Operations that are done, and attempts at them that failed. */
  progress(): { done: number; repeated: number }
}

/** Starts writing. `done` rejects when an operation does not succeed in time. */
export function startWriter(options: WriterOptions): Writer {
  const { lake, account, key, operations, random, durationMs, patienceMs, pass } = options
  const service = new BlobServiceClient(lake, new StorageSharedKeyCredential(account, key), {
    retryOptions: { maxTries: 1 },
  })
  const container = service.getContainerClient(CONTAINER)
  const begun = Date.now()
  const startOf = new Map(
    operations.map((operation, nth) => [operation, (nth / operations.length) * durationMs]),
  )
  const progress = { done: 0, repeated: 0 }
  let isOver = false

  async function persist(act: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await pass(act)
        return
      } catch (error) {
        progress.repeated += 1
        if (isOver || Date.now() - begun > durationMs + patienceMs) throw error
        await wait(RETRY_MS)
      }
    }
  }

  async function prepare(): Promise<string> {
    const source = service.getContainerClient(SOURCE_CONTAINER)
    await persist(() => container.createIfNotExists())
    await persist(() => source.createIfNotExists())
    const blob = source.getBlockBlobClient('source.csv')
    await persist(() => blob.upload('copied', 6, { abortSignal: AbortSignal.timeout(CALL_LIMIT_MS) }))
    return blob.url
  }

  async function write(lane: readonly Operation[], source: string): Promise<void> {
    for (const operation of lane) {
      const early = begun + (startOf.get(operation) ?? 0) - Date.now()
      if (early > 0) await wait(early)
      const text = 'x'.repeat(1 + random.below(MAX_BYTES))
      await persist(() => perform(container, operation, text, source))
      progress.done += 1
    }
  }

  async function run(): Promise<void> {
    try {
      const source = await prepare()
      await Promise.all(lanesOf(operations, LANES).map(lane => write(lane, source)))
    } finally {
      isOver = true
    }
  }

  return { done: run(), progress: () => ({ ...progress }) }
}

/** A first attempt that went through without its answer makes the next one a conflict: the file is there. */
async function perform(
  container: ContainerClient,
  { kind, path, isFirst }: Operation,
  text: string,
  source: string,
): Promise<void> {
  const blob = container.getBlockBlobClient(path)
  const abortSignal = AbortSignal.timeout(CALL_LIMIT_MS)
  const conditions = isFirst ? { ifNoneMatch: '*' } : {}
  try {
    if (kind === 'delete') await blob.delete({ abortSignal })
    else if (kind === 'copy') await blob.beginCopyFromURL(source, { abortSignal, conditions })
    else if (kind === 'upload') await blob.upload(text, text.length, { abortSignal, conditions })
    else {
      const id = Buffer.from('block-0').toString('base64')
      await blob.stageBlock(id, text, text.length, { abortSignal })
      await blob.commitBlockList([id], { abortSignal, conditions })
    }
  } catch (error) {
    const status = error instanceof RestError ? error.statusCode : undefined
    const isDone = (kind === 'delete' && status === 404) || (isFirst && status === 409)
    if (!isDone) throw error
  }
}
