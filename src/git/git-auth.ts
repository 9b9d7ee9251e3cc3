import type { AuthCallback, AuthFailureCallback } from 'isomorphic-git'
import { PermanentError } from '../core/errors.ts'

/** Any name will do beside a token, for GitHub, GitLab, Bitbucket and Azure DevOps alike. */
const USERNAME = 'lakemark'

const HOW = 'set LAKEMARK_RULES_TOKEN to a token that may read it'

/**
 * Answers a server that asks who is there, once, with the token as a password; over https only, or on this machine.
 * A token that is refused is not tried again. The token stands in no error.
 */
export function createGitAuth({
  url,
  token,
  signal,
}: {
  url: string
  token: (() => Promise<string | undefined>) | undefined
  signal: AbortSignal
}): { onAuth: AuthCallback; onAuthFailure: AuthFailureCallback } {
  const { host } = new URL(url)
  return {
    async onAuth() {
      if (!isPrivate(new URL(url))) {
        throw new PermanentError(`${host} asks for a token, which is sent over https only; use git+https://`)
      }
      const password = (await beforeEnd(token?.(), signal))?.trim()
      if (password) return { username: USERNAME, password }
      throw new PermanentError(`${host} has no such public repository; if it is a private one, ${HOW}`)
    },
    onAuthFailure() {
      throw new PermanentError(`${host} refuses the token; ${HOW}`)
    },
  }
}

/** Nobody listens between here and there. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return (
    protocol === 'https:' ||
    hostname === 'localhost' ||
    hostname === '[::1]' ||
    /^127\.[\d.]+$/.test(hostname)
  )
}

async function beforeEnd<T>(promise: Promise<T> | undefined, signal: AbortSignal): Promise<T | undefined> {
  signal.throwIfAborted()
  const ended = Promise.withResolvers<never>()
  const end = () => ended.reject(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([promise, ended.promise])
  } finally {
    signal.removeEventListener('abort', end)
  }
}
