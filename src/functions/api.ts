import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions'
import { reasonOf, TransientError } from '../core/errors.ts'
import { isAssetName } from '../core/naming.ts'
import type { LakemarkOpener } from '../open-lakemark.ts'
import type { Lakemark } from '../wiring.ts'
import { type Answer, answering, json, problem } from './answers.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
const MAX_CONTINUATION_LENGTH = 4096

/** The HTTP API, below the host's route prefix. Errors are RFC 9457 problem JSON. */
export function registerApi(lakemark: LakemarkOpener): void {
  const handler = (answer: Answer) => answering(lakemark, answer)

  app.get('health', { route: 'health', authLevel: 'anonymous', handler: handler(health) })
  app.get('assets', { route: 'assets', authLevel: 'function', handler: handler(listAssets) })
  app.get('asset', { route: 'assets/{name}', authLevel: 'function', handler: handler(showAsset) })
  app.get('failures', { route: 'failures', authLevel: 'function', handler: handler(listFailures) })
  app.post('retryAsset', {
    route: 'assets/{name}/retry',
    authLevel: 'function',
    handler: handler(retryAsset),
  })
}

/** Ready means that the ledger answers. */
async function health({ status, rules, counters }: Lakemark): Promise<HttpResponseInit> {
  const { rules: active, commit } = rules()
  const facts = {
    rules: { count: active.rules.length, commit: commit ?? null },
    counts: counters.all(),
  }
  try {
    await status.ping()
  } catch (error) {
    if (!(error instanceof TransientError)) throw error
    return json(503, { status: 'unready', ledger: reasonOf(error), ...facts })
  }
  return json(200, { status: 'ready', ledger: 'ready', ...facts })
}

async function listAssets({ status }: Lakemark, request: HttpRequest): Promise<HttpResponseInit> {
  const page = pageOf(request)
  if ('problem' in page) return page.problem
  const { items, unreadable, continuation } = await status.assets(page)
  return json(200, { assets: items, unreadable, continuation: continuation ?? null })
}

async function showAsset({ status }: Lakemark, request: HttpRequest): Promise<HttpResponseInit> {
  const name = request.params.name ?? ''
  const asset = isAssetName(name) ? await status.asset(name) : undefined
  return asset === undefined ? unknownAsset(name) : json(200, asset)
}

/** Files that a rule matched and that cannot become an asset, and messages that could not be worked on. */
async function listFailures({ status }: Lakemark, request: HttpRequest): Promise<HttpResponseInit> {
  const page = pageOf(request)
  if ('problem' in page) return page.problem
  const { items, continuation } = await status.refusals(page)
  return json(200, { failures: items, continuation: continuation ?? null })
}

async function retryAsset({ retry }: Lakemark, request: HttpRequest): Promise<HttpResponseInit> {
  const name = request.params.name ?? ''
  const retried = isAssetName(name) ? await retry(name) : undefined
  return retried === undefined ? unknownAsset(name) : json(202, { asset: name, versions: retried.retried })
}

function pageOf({
  query,
}: HttpRequest): { limit: number; continuation: string | undefined } | { problem: HttpResponseInit } {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    return { problem: problem(400, 'bad-request', `limit: expected a whole number from 1 to ${MAX_LIMIT}`) }
  }
  const continuation = query.get('continuation') ?? undefined
  if (
    continuation !== undefined &&
    (continuation.length > MAX_CONTINUATION_LENGTH || !/^[\w+/=.-]+$/.test(continuation))
  ) {
    return { problem: problem(400, 'bad-request', 'continuation: expected the value of an earlier answer') }
  }
  return { limit, continuation }
}

function unknownAsset(name: string): HttpResponseInit {
  return problem(404, 'unknown-asset', `no asset is called "${name.slice(0, 255)}"`)
}
