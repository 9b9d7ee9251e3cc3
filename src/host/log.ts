import type { RpcLogLevel } from './rpc.ts'

/** Where the host's lines go: a static message, data in the fields. */
export type HostLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: Record<string, unknown>,
) => void

const LEVELS = {
  trace: 'debug',
  debug: 'debug',
  information: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'error',
  none: 'debug',
} as const

/** The level of a line that a function wrote. */
export function toLogLevel(level: RpcLogLevel): (typeof LEVELS)[RpcLogLevel] {
  return LEVELS[level] ?? 'info'
}
