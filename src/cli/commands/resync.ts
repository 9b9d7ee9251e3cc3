import type { ResyncOptions } from '../actions/resync.ts'
import { defineCommand, SERVICE_OPTIONS } from '../command.ts'

export const resyncCommand = defineCommand({
  name: 'resync',
  group: 'The service:',
  summary: 'takes in what was lost, and follows it to its end',
  description: 'compares the lake with the ledger, takes in what is missing, and follows it to its end',
  options: [
    {
      flags: '--container <container>',
      description: 'ACCOUNT/CONTAINER, or the container alone',
      completes: 'containers',
    },
    { flags: '--prefix <prefix>', description: 'paths that begin with it' },
    { flags: '--rule <rule>', description: 'what one rule makes', completes: 'rules' },
    { flags: '--asset <asset>', description: 'one asset', completes: 'assets' },
    { flags: '--workspace <alias>', description: 'gives a workspace what it lacks', completes: 'workspaces' },
    { flags: '--since <time>', description: 'files written since then, such as 2026-01-31T12:00:00Z' },
    { flags: '--dry-run', description: 'counts, and changes nothing' },
    { flags: '--verify', description: 'also compares the ledger with what Azure ML has' },
    { flags: '--no-wait', description: 'ends once the run is started; lakemark runs ID --follow follows it' },
    {
      flags: '--idempotency-key <key>',
      description: 'the same key leads to the same run for a day, however often this is called',
    },
    { flags: '--json', description: 'the run as it ended, as one JSON document' },
    ...SERVICE_OPTIONS,
  ],
  notes: `Ctrl-C leaves the run going, and says how to follow or cancel it.
Exit code 3: the run failed or was cancelled, or something of what it took in could not be registered.`,
  example: 'resync --rule daily-sales --verify',
  async run(options: ResyncOptions) {
    const { resync } = await import('../actions/resync.ts')
    await resync(options)
  },
})
