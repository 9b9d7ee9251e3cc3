/** The emulated Azure ML in its own process, behind a gateway; what it acknowledged outlives a kill -9. */
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { AzureMlOptions } from './azure-ml-process.ts'
import { type Child, startChild } from './child.ts'
import { type Gateway, startGateway } from './gateway.ts'

const SCRIPT = fileURLToPath(new URL('./azure-ml-process.ts', import.meta.url))
const START_LIMIT_MS = 30_000

export interface AzureMlProcess {
  /** For workers: stays while the process comes and goes. */
  url: string
  /** Of the process itself. */
  directUrl(): string
  gateway: Gateway
  freeze(milliseconds: number): Promise<void>
  /** kill -9, away for a while, started again. */
  kill(awayMs: number): Promise<void>
  /** Ends the errors that it answers with. */
  calm(): void
  /** Errors that it answered with on purpose, by name. */
  troubles(): Record<string, number>
  /** What to report where the process has ended by itself. */
  complaint(): string | undefined
  close(): Promise<void>
}

export async function startAzureMlProcess(options: AzureMlOptions, logFile: string): Promise<AzureMlProcess> {
  const troubles: Record<string, number> = {}
  let starts = 0
  let isTroubled = options.isTroubled
  let { child, port } = await start()
  const gateway = await startGateway(port)

  async function start(): Promise<{ child: Child; port: number }> {
    starts += 1
    const own = { ...options, isTroubled, seed: options.seed + starts }
    const child = startChild({ args: [SCRIPT, JSON.stringify(own)], logFile, withMessages: true })
    const signal = AbortSignal.timeout(START_LIMIT_MS)
    const told = once(child.process, 'message', { signal }) as Promise<[{ port: number }]>
    child.process.on('message', (message: { trouble?: string }) => {
      if (message.trouble === undefined) return
      const name = `Azure ML: ${message.trouble}`
      troubles[name] = (troubles[name] ?? 0) + 1
    })
    const failed = child.exited.then(how => {
      throw new Error(`the emulated Azure ML ended in its start (${how}): ${child.output()}`)
    })
    failed.catch(() => undefined)
    try {
      const [{ port }] = await Promise.race([told, failed])
      return { child, port }
    } catch (error) {
      await child.kill()
      throw error
    }
  }

  return {
    url: `http://127.0.0.1:${gateway.port}`,
    directUrl: () => `http://127.0.0.1:${port}`,
    gateway,
    async freeze(milliseconds) {
      const frozen = child
      frozen.freeze()
      await wait(milliseconds)
      frozen.thaw()
    },
    async kill(awayMs) {
      await child.kill()
      gateway.setMode('down')
      await wait(awayMs)
      ;({ child, port } = await start())
      gateway.setTarget(port)
      gateway.setMode('open')
    },
    calm() {
      isTroubled = false
      child.process.send('calm')
    },
    troubles: () => ({ ...troubles }),
    complaint: () =>
      child.hasExited() && !child.wasKilled()
        ? `the emulated Azure ML ended by itself: ${child.output()}`
        : undefined,
    async close() {
      await child.kill()
      await gateway.close()
    },
  }
}
