import { armAnswers } from './arm-answers.ts'
import { blobNames } from './blob-names.ts'
import { events } from './events.ts'
import { httpApi } from './http-api.ts'
import { httpChanges } from './http-changes.ts'
import { messages } from './messages.ts'
import { ruleFiles } from './rule-files.ts'
import type { FuzzSuite } from './suite.ts'
import { tableRows } from './table-rows.ts'
import { terminal } from './terminal.ts'

/** What `npm run fuzz` goes through, over and over. */
export const suites: readonly FuzzSuite[] = [
  events,
  messages,
  ruleFiles,
  httpApi,
  httpChanges,
  armAnswers,
  blobNames,
  tableRows,
  terminal,
]
