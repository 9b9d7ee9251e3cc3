import type { IncomingMessage } from 'node:http'
import { isIPv4 } from 'node:net'

/**
 * Keeps web pages away from a host that answers this machine only: a page can make a browser send requests to
 * 127.0.0.1, under its own name (DNS rebinding) or across origins. Returns the reason to refuse, or
 * undefined.
 */
export function createGuard(address: string): (request: IncomingMessage) => string | undefined {
  const local = isLoopback(address)

  return request => {
    const { host, origin, 'sec-fetch-site': site } = request.headers
    if (local && !isLoopback(hostnameOf(host))) {
      return 'This host answers to 127.0.0.1, localhost and [::1] only.'
    }
    const isForeign = site === 'cross-site' || (origin !== undefined && !isSameOrigin(origin, host))
    return isForeign ? 'This host takes no requests from pages of other origins.' : undefined
  }
}

function isLoopback(hostname: string | undefined): boolean {
  if (hostname === undefined) return false
  return hostname === 'localhost' || hostname === '::1' || (isIPv4(hostname) && hostname.startsWith('127.'))
}

/** Of a Host header: without the port and, for IPv6, without the brackets. */
function hostnameOf(host: string | undefined): string | undefined {
  const [, ipv6, name] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(host ?? '') ?? []
  return (ipv6 ?? name)?.toLowerCase()
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}
