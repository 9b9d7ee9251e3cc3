import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { RulesError } from '../load-rules.ts'
import { UsageError } from './usage-error.ts'

/**
 * The command line. Exit codes: 0 done, 1 it did not work (the reason is on standard error), 2 wrong usage.
 * Each command's code is loaded when it is run: the others' packages cost nothing.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('lakemark')
    .description(
      'Registers the files that land in a data lake as versioned data assets in Azure ML workspaces.',
    )
    .version(versionOf())
    .showHelpAfterError()
    .exitOverride()

  program
    .command('start')
    .description('everything on this machine: the lake, Event Grid, Azure ML and the functions')
    .option('--ephemeral', 'keep nothing: the lake and all state live in memory')
    .addHelpText('after', '\nExample:\n  lakemark start --ephemeral')
    .action(async ({ ephemeral = false }: { ephemeral?: boolean }) => {
      const { start } = await import('./start.ts')
      await start({ ephemeral })
    })

  program
    .command('serve')
    .description('only the functions, over the storage account that AzureWebJobsStorage names')
    .addHelpText('after', '\nExample:\n  AzureWebJobsStorage="UseDevelopmentStorage=true" lakemark serve')
    .action(async () => {
      const { serve } = await import('./serve.ts')
      await serve()
    })

  program
    .command('put')
    .description('uploads files to the lake that runs on this machine')
    .argument('<file...>', 'files, and last where they go: CONTAINER/PATH; a path that ends in / is a folder')
    .addHelpText('after', '\nExample:\n  lakemark put some.csv silver/sales/eu/some.csv')
    .action(async (places: string[]) => {
      const { put } = await import('./put.ts')
      await put(places)
    })

  program
    .command('status')
    .description('assets, their versions and how these stand in each workspace')
    .argument('[asset]', 'one asset, with its newest versions')
    .option('--json', 'as the HTTP API answers it')
    .addHelpText('after', '\nExample:\n  lakemark status sales-eu')
    .action(async (asset: string | undefined, options: { json?: boolean }) => {
      const { status } = await import('./status.ts')
      await status(asset, options)
    })

  program
    .command('retry')
    .description("makes an asset's failed deliveries pending again")
    .argument('<asset>', 'the name of the asset')
    .addHelpText('after', '\nExample:\n  lakemark retry sales-eu')
    .action(async (asset: string) => {
      const { retry } = await import('./retry.ts')
      await retry(asset)
    })

  try {
    await program.parseAsync(argv)
  } catch (error) {
    process.exitCode = report(error)
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UsageError || error instanceof ConfigError || error instanceof RulesError) {
    console.error(error.message)
    return error instanceof UsageError ? error.exitCode : 1
  }
  console.error(error instanceof Error ? error.message : error)
  return 1
}

function versionOf(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
