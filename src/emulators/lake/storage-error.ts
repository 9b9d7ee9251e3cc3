import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'

/** An error of the proxy itself, in the shape that storage clients understand and retry by. */
export interface StorageFailure {
  status: 413 | 500 | 503
  code: 'RequestBodyTooLarge' | 'InternalError' | 'ServerBusy'
  message: string
}

/** Answers with the failure; where an answer is under way already, cuts it off. */
export function respondFailure(res: ServerResponse, failure: StorageFailure, time: Date): void {
  if (res.headersSent || res.destroyed) {
    res.destroy()
    return
  }
  const requestId = randomUUID()
  const message = `${failure.message}\nRequestId:${requestId}\nTime:${time.toISOString()}`
  const body = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Error><Code>${failure.code}</Code><Message>${escaped(message)}</Message></Error>`
  res.writeHead(failure.status, {
    'Content-Type': 'application/xml',
    'Content-Length': Buffer.byteLength(body),
    'x-ms-error-code': failure.code,
    'x-ms-request-id': requestId,
  })
  res.end(body)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
