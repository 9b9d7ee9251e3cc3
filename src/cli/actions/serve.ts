import { readConfig } from '../../config.ts'
import { startService } from '../../local/service.ts'
import type { JsonOption } from '../command.ts'
import { untilStopped } from '../until-stopped.ts'

const GRACE_MS = 10_000

/** Runs the functions alone until told to stop: any number of these may share one storage account. */
export async function serve({ json = false }: JsonOption): Promise<void> {
  const config = readConfig()
  await untilStopped(async () => {
    const host = await startService(config)
    const told = `Lakemark is ready\n\n  service    ${host.url}\n\nCtrl-C ends it.`
    console.log(json ? JSON.stringify({ service: host.url }) : told)
    return { broken: undefined, close: () => host.close({ graceMs: GRACE_MS }) }
  })
}
