import { readConfig } from '../../config.ts'
import { findRunning } from '../running.ts'
import { UsageError } from '../usage-error.ts'

/** Where a service is. */
export interface ServiceAddress {
  /** Without a slash at the end, and without its key: also for people. */
  base: string
  /** A function key, which some put before their app; undefined: none was given. */
  key: string | undefined
  /** It was named by nobody: it is the one on this machine. */
  isLocal: boolean
}

/**
 * The service that a command asks: the one that it names, else that of LAKEMARK_URL, else the one that runs on this
 * machine, or would by its settings. Throws UsageError where the address is none.
 */
export async function findService(named: string | undefined): Promise<ServiceAddress> {
  if (named !== undefined) return parseServiceAddress(named, '--url')
  const { home, port, serviceUrl } = readConfig()
  if (serviceUrl !== undefined) return parseServiceAddress(serviceUrl, 'LAKEMARK_URL')
  const running = await findRunning(home)
  return { base: running?.service ?? `http://127.0.0.1:${port}`, key: undefined, isLocal: true }
}

/** `what` is what gave the address, for the message. It is not repeated: it may hold a key. */
export function parseServiceAddress(text: string, what: string): ServiceAddress {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new UsageError(
      `${what}: expected the http or https address of a service, such as https://lakemark.contoso.com`,
      2,
    )
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/api$/, '')
  return { base: url.origin + path, key: url.searchParams.get('code') ?? undefined, isLocal: false }
}

/** Whether what is sent there can be read by nobody on the way: what is secret goes nowhere else. */
export function isPrivate(base: string): boolean {
  const { protocol, hostname } = new URL(base)
  return protocol === 'https:' || ['127.0.0.1', '[::1]', 'localhost'].includes(hostname)
}
