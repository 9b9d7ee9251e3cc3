import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * Whether the sender of a push webhook knows the secret: GitHub signs the body with it; Azure DevOps sends it as the
 * password of basic authentication.
 */
export function knowsSecret(
  {
    authorization,
    signature,
    body,
  }: { authorization: string | null; signature: string | null; body: Buffer },
  secret: string,
): boolean {
  const password = passwordIn(authorization)
  if (password !== undefined && isSame(password, secret)) return true
  return signature !== null && isSame(signature, `sha256=${hmac(secret, body).toString('hex')}`)
}

function passwordIn(authorization: string | null): string | undefined {
  const encoded = /^Basic ([\w+/=]+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const decoded = Buffer.from(encoded, 'base64').toString('utf8')
  return decoded.slice(decoded.indexOf(':') + 1)
}

const COMPARE_KEY = randomBytes(32)

/** In a time that tells nothing of where they differ, lengths included. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(hmac(COMPARE_KEY, given), hmac(COMPARE_KEY, expected))
}

function hmac(key: string | Buffer, data: string | Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest()
}
