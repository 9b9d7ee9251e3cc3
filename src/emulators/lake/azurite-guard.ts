/**
 * Loaded into the Azurite process before Azurite itself (`--import`): Azurite lives exactly as long as its
 * standard input stays open. The parent closes it to ask for an orderly end, on every platform alike, and
 * the operating system closes it where the parent died without a word (`kill -9`).
 */
import type { Socket } from 'node:net'

/** Orphaned and stuck in its own shutdown, the process still goes. */
const SHUTDOWN_LIMIT_MS = 15_000

const parent = process.stdin as unknown as Socket
let isShuttingDown = false

parent.resume()
parent.once('error', shutDown)
parent.once('close', shutDown)
parent.unref()
// Nobody reads Azurite's last words once the parent is dead; that must not stop it from saving.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined)

/** Azurite's own handler of SIGTERM closes its servers and writes its databases; absent, it is still starting. */
function shutDown(): void {
  if (isShuttingDown) return
  isShuttingDown = true
  if (process.listenerCount('SIGTERM') === 0) process.exit(1)
  setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref()
  process.emit('SIGTERM', 'SIGTERM')
}
