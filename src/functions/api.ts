import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions'
import { PermanentError, reasonOf, TransientError } from '../core/errors.ts'
import { isAssetName } from '../core/naming.ts'
import type { LakemarkOpener } from '../open-lakemark.ts'
import type { Lakemark } from '../wiring.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
const MAX_CONTINUATION_LENGTH = 4096

/** The HTTP API, below the host's route prefix. Errors are RFC 9457 problem JSON. */
export function registerApi(lakemark: LakemarkOpener): void {
  const answering =
    (answer: (lakemark: Lakemark, request: HttpRequest) => Promise<HttpResponseInit>) =>
    async (request: HttpRequest): Promise<HttpResponseInit> => {
      try {
        return await answer(await lakemark(), request)
      } catch (error) {
        if (error instanceof TransientError) return problem(503, 'unavailable', reasonOf(error))
        if (error instanceof PermanentError) return problem(400, 'refused', reasonOf(error))
        throw error
      }
    }

  app.get('health', { route: 'health', authLevel: 'anonymous', handler: answering(health) })
  app.get('assets', { route: 'assets', authLevel: 'function', handler: answering(listAssets) })
  app.get('asset', { route: 'assets/{name}', authLevel: 'function', handler: answering(showAsset) })
  app.get('failures', { route: 'failures', authLevel: 'function', handler: answering(listFailures) })
  app.post('retryAsset', {
    route: 'assets/{name}/retry',
    authLevel: 'function',
    handler: answering(retryAsset),
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
    await status.assets({ limit: 1 })
  } catch (error) {
    if (!(error instanceof TransientError)) throw error
    return json(503, { status: 'unready', ledger: reasonOf(error), ...facts })
  }
  return json(200, { status: 'ready', ledger: 'ready', ...facts })
}

async function listAssets({ status }: Lakemark, request: HttpRequest): Promise<HttpResponseInit> {
  const page = pageOf(request)
  if ('problem' in page) return page.problem
  const { items, continuation } = await status.assets(page)
  return json(200, { assets: items, continuation: continuation ?? null })
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

function problem(status: number, type: string, detail: string): HttpResponseInit {
  return {
    status,
    headers: { 'Content-Type': 'application/problem+json' },
    body: JSON.stringify({ type: `urn:lakemark:${type}`, status, title: type, detail }),
  }
}

function json(status: number, body: unknown): HttpResponseInit {
  return { status, jsonBody: body }
}
