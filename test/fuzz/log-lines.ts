import assert from 'node:assert/strict'
import { createLog } from '../../src/log.ts'

export interface LogLines {
  log: ReturnType<typeof createLog>
  /** The lines since the last call, each read as JSON. Throws where one is more than a line, or no JSON. */
  take(): { level: string; message: string; [field: string]: unknown }[]
}

/** The product's own log, kept in memory. */
export function createLogLines(): LogLines {
  let lines: string[] = []
  return {
    log: createLog('info', line => lines.push(line)),
    take() {
      const taken = lines
      lines = []
      return taken.map(line => {
        assert.doesNotMatch(line, /\p{Cc}|\u2028|\u2029/u, 'a log line holds a raw control character')
        return JSON.parse(line)
      })
    },
  }
}
