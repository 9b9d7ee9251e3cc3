import { readConfig } from '../../config.ts'
import { startLocalWorld } from '../../local/local-world.ts'
import type { JsonOption } from '../command.ts'
import { findRunning, removeRunning, writeRunning } from '../running.ts'
import { untilStopped } from '../until-stopped.ts'
import { UsageError } from '../usage-error.ts'

/** Runs everything on this machine until it is told to stop. */
export async function start({
  ephemeral = false,
  json = false,
}: { ephemeral?: boolean } & JsonOption): Promise<void> {
  const config = readConfig()
  const other = await findRunning(config.home)
  if (other !== undefined) {
    throw new UsageError(
      `Lakemark is running here already (process ${other.pid}, ${other.service}); stop it first, or set LAKEMARK_HOME to another folder`,
    )
  }
  await untilStopped(async () => {
    const world = await startLocalWorld(config, { ephemeral })
    const { service, lake, azureMl } = world
    await writeRunning(config.home, { pid: process.pid, service, lake, azureMl })
    console.log(json ? JSON.stringify({ service, lake, azureMl }) : greeting(world))
    return {
      broken: world.azuriteExited.then(
        () => 'Azurite, which holds the lake and the state, has ended by itself; start again with: npm start',
      ),
      close: async () => {
        await world.close()
        await removeRunning(config.home)
      },
    }
  })
}

function greeting({ service, lake, azureMl }: { service: string; lake: string; azureMl: string }): string {
  return `Lakemark is ready

  lake       ${lake}
  service    ${service}
  Azure ML   ${azureMl}  (emulated)

Try in another terminal:
  npx lakemark put README.md silver/sales/eu/some.csv && npx lakemark status

Ctrl-C ends everything.`
}
