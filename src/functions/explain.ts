import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions'
import { type ParsedAddress, parseBlobAddress, toBlobRef } from '../core/blob-url.ts'
import type { LakemarkOpener } from '../open-lakemark.ts'
import type { Lakemark } from '../wiring.ts'
import { answering, json, problem } from './answers.ts'

/** `GET /api/explain?url=` in any form of an address, or `?account=&container=&path=` without any encoding of ours. */
export function registerExplain(lakemark: LakemarkOpener): void {
  app.get('explain', { route: 'explain', authLevel: 'function', handler: answering(lakemark, explainFile) })
}

async function explainFile({ explain, rules }: Lakemark, { query }: HttpRequest): Promise<HttpResponseInit> {
  const parsed = parseQuery(query, rules().rules.rules)
  if ('problem' in parsed) return problem(400, 'bad-request', parsed.problem)
  return json(200, await explain(parsed.ref))
}

function parseQuery(
  query: HttpRequest['query'],
  watched: readonly { account: string; container: string }[],
): ParsedAddress {
  const url = query.get('url')
  if (url !== null) return named('url', parseBlobAddress(url, watched))
  const [account, container, path] = ['account', 'container', 'path'].map(name => query.get(name))
  if (account == null || container == null || path == null) {
    return { problem: 'expected ?url=, or ?account=&container=&path=' }
  }
  return named('account, container, path', toBlobRef(account, container, path))
}

function named(what: string, parsed: ParsedAddress): ParsedAddress {
  return 'problem' in parsed ? { problem: `${what}: ${parsed.problem}` } : parsed
}
