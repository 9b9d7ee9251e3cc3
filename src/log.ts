import type { Log } from './app/ports.ts'

export type LogLevel = 'info' | 'warn' | 'error'
const LEVELS: readonly LogLevel[] = ['info', 'warn', 'error']

/** What must never be read in a log, whatever field it comes in: signatures of SAS, account keys, tokens. */
const SECRETS: readonly [RegExp, string][] = [
  [/([?&;]sig=)[^&;\s"]+/gi, '$1…'],
  [/(AccountKey=)[^;\s"]+/gi, '$1…'],
  [/(Bearer\s+)[\w.~+/-]+=*/gi, '$1…'],
  [/(SharedKey\s+[^:\s]+:)[^\s"]+/gi, '$1…'],
]

/** One JSON object a line: time, level, message, fields. Errors become their message and stack. */
export function createLog(level: LogLevel, write: (line: string) => void = line => console.error(line)): Log {
  const enabled = new Set(LEVELS.slice(LEVELS.indexOf(level)))
  const at =
    (level: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (!enabled.has(level)) return
      const line = JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }, plain)
      write(escaped(line))
    }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

export function redacted(text: string): string {
  return SECRETS.reduce((line, [secret, instead]) => line.replace(secret, instead), text)
}

/** JSON leaves these as they are; a terminal obeys some of them, and some readers take others for a new line. */
function escaped(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function plain(_key: string, value: unknown): unknown {
  // Each text on its own: in the finished line a secret might end in the middle of an escape.
  if (typeof value === 'string') return redacted(value)
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack }
  return typeof value === 'bigint' ? String(value) : value
}
