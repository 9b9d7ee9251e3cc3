import type { CommandDefinition } from '../command.ts'
import { assetsCommand } from './assets.ts'
import { auditCommand } from './audit.ts'
import { checkCommand } from './check.ts'
import { completionCommand } from './completion.ts'
import { explainCommand } from './explain.ts'
import { failuresCommand } from './failures.ts'
import { filesCommand } from './files.ts'
import { healthCommand } from './health.ts'
import { planCommand } from './plan.ts'
import { putCommand } from './put.ts'
import { registerCommand } from './register.ts'
import { resyncCommand } from './resync.ts'
import { retryCommand } from './retry.ts'
import { rulesCommand } from './rules.ts'
import { runsCommand } from './runs.ts'
import { schemaCommand } from './schema.ts'
import { serveCommand } from './serve.ts'
import { startCommand } from './start.ts'
import { statusCommand } from './status.ts'
import { testCommand } from './test.ts'

/** All commands, in the order in which the help lists them. */
export const COMMANDS: readonly CommandDefinition[] = [
  startCommand,
  serveCommand,
  putCommand,
  statusCommand,
  assetsCommand,
  filesCommand,
  explainCommand,
  failuresCommand,
  retryCommand,
  resyncCommand,
  runsCommand,
  registerCommand,
  rulesCommand,
  auditCommand,
  healthCommand,
  checkCommand,
  testCommand,
  planCommand,
  schemaCommand,
  completionCommand,
]
