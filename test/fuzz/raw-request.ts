import { connect } from 'node:net'

/** Node's default. */
const MAX_HEAD = 16 * 1024

export interface RawReply {
  status: number
  /** Lower case. */
  headers: Record<string, string>
  body: string
}

/** A request as its bytes are: no client corrects what stands in it. Resolves when the host closes the connection. */
export function rawRequest(
  port: number,
  method: string,
  target: string,
  headers: string[],
  body = '',
): Promise<RawReply> {
  const bytes = Buffer.from(body, 'utf8')
  const head = [
    `${method} ${target} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: close',
    `Content-Length: ${bytes.length}`,
    ...headers,
    '',
    '',
  ].join('\r\n')
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    socket.on('data', chunk => chunks.push(chunk))
    // Node refuses a head that is too long and does not wait for the rest of it.
    socket.on('error', error => {
      if (head.length > MAX_HEAD && chunks.length === 0) resolve({ status: 431, headers: {}, body: '' })
      else if (chunks.length === 0) reject(error)
    })
    socket.on('close', () => resolve(parse(Buffer.concat(chunks).toString('utf8'))))
    socket.write(Buffer.concat([Buffer.from(head, 'utf8'), bytes]))
  })
}

function parse(text: string): RawReply {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = lines.map(line => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ])
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: text.slice(end + 4),
  }
}
