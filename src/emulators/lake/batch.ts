/** Blob Batch: up to 256 deletes in one request (`multipart/mixed` of `application/http`). */
import type { IncomingMessage } from 'node:http'

/** One request of the batch. */
export interface BatchItem {
  /** Pairs it with its answer. */
  contentId: string
  method: string
  /** Path and query, raw. */
  target: string
  /** By lower-case name. */
  headers: Map<string, string>
}

export interface BatchAnswer {
  contentId: string
  status: number
  headers: Map<string, string>
}

/** What is not understood is left out: the storage refuses it, and a refused batch makes no events. */
export function parseBatch(contentType: string | undefined, body: Buffer): BatchItem[] {
  return partsOf(contentType, body).flatMap(({ contentId, start, headers }) => {
    const [method, target] = start.split(' ')
    if (method === undefined || target === undefined) return []
    // The service takes a path without its first slash too.
    return [{ contentId, method, target: target.startsWith('/') ? target : `/${target}`, headers }]
  })
}

export function parseBatchAnswer(contentType: string | undefined, body: Buffer): BatchAnswer[] {
  return partsOf(contentType, body).map(({ contentId, start, headers }) => {
    const status = Number(start.split(' ')[1])
    return { contentId, status, headers }
  })
}

/** Reads a whole body; undefined when it is longer than the limit, and the rest is thrown away. */
export async function readBody(message: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= limitBytes) chunks.push(chunk)
  }
  return size <= limitBytes ? Buffer.concat(chunks) : undefined
}

interface Part {
  contentId: string
  /** Request line or status line. */
  start: string
  headers: Map<string, string>
}

/** Bytes are read as Latin-1: paths and headers are ASCII, and the body goes on as it came. */
function partsOf(contentType: string | undefined, body: Buffer): Part[] {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType ?? '')?.[1]?.trim()
  if (boundary === undefined) return []
  const parts = body.toString('latin1').split(`--${boundary}`).slice(1)
  return parts.flatMap(part => {
    const [envelope = '', message = ''] = splitAtBlankLine(part.replace(/^\r?\n/, ''))
    const contentId = headersOf(envelope.split(/\r?\n/)).get('content-id')
    const [start = '', ...headers] = message.split(/\r?\n\r?\n/, 1)[0]?.split(/\r?\n/) ?? []
    return contentId === undefined ? [] : [{ contentId, start, headers: headersOf(headers) }]
  })
}

function splitAtBlankLine(text: string): [string, string] {
  const match = /\r?\n\r?\n/.exec(text)
  return match === null ? [text, ''] : [text.slice(0, match.index), text.slice(match.index + match[0].length)]
}

function headersOf(lines: string[]): Map<string, string> {
  return new Map(
    lines.flatMap(line => {
      const colon = line.indexOf(':')
      return colon < 1
        ? []
        : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const]
    }),
  )
}
