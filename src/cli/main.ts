import { readFileSync } from 'node:fs'
import { Command, CommanderError, Option } from 'commander'
import { RulesError } from '../app/rules-keeper.ts'
import { ConfigError } from '../config.ts'
import type { ResyncOptions } from './resync.ts'
import { printableLines } from './table.ts'
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
    .configureOutput({ writeErr: text => process.stderr.write(printableLines(text)) })
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

  program
    .command('resync')
    .description('compares the lake with the ledger, takes in what is missing, and follows it to its end')
    .option('--container <container>', 'ACCOUNT/CONTAINER, or the container alone')
    .option('--prefix <prefix>', 'paths that begin with it')
    .option('--rule <rule>', 'what one rule makes')
    .option('--asset <asset>', 'one asset')
    .option('--workspace <alias>', 'gives a workspace what it lacks')
    .option('--since <time>', 'files written since then, such as 2026-01-31T12:00:00Z')
    .option('--dry-run', 'counts, and changes nothing')
    .option('--verify', 'also compares the ledger with what Azure ML has')
    .option('--json', 'as the HTTP API answers it')
    .addHelpText('after', '\nExample:\n  lakemark resync --rule daily-sales --verify')
    .action(async (options: ResyncOptions & { json?: boolean }) => {
      const { resync } = await import('./resync.ts')
      await resync(options)
    })

  program
    .command('check')
    .description('everything that is wrong or doubtful in the rules, with its place')
    .argument('[dir]', 'the folder of the rule files (default: LAKEMARK_RULES)')
    .addOption(
      new Option('--format <format>', 'github: annotations for a pull request')
        .choices(['text', 'json', 'github'])
        .default('text'),
    )
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .addHelpText('after', '\nExample:\n  lakemark check rules --format github')
    .action(async (folder: string | undefined, { format }: { format: 'text' | 'json' | 'github' }) => {
      const { check } = await import('./check.ts')
      await check(folder, format)
    })

  program
    .command('test')
    .description('holds your own examples against the rules: which file makes which asset, or none')
    .argument('[file...]', 'files of examples (default: all in tests/ of the rules)')
    .option('--rules <dir>', 'the folder of the rule files (default: LAKEMARK_RULES)')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  lakemark test rules/tests/sales.yaml')
    .action(async (files: string[], options: { rules?: string; json?: boolean }) => {
      const { test } = await import('./test.ts')
      await test(files, options)
    })

  program
    .command('schema')
    .description('writes the JSON Schemas of rule files and examples, which editors complete from')
    .argument('[dir]', 'the folder of the rule files (default: LAKEMARK_RULES)')
    .addHelpText('after', '\nExample:\n  lakemark schema rules')
    .action(async (folder: string | undefined) => {
      const { schema } = await import('./schema.ts')
      await schema(folder)
    })

  program
    .command('explain')
    .description('why a file is or is not registered: what each rule says, and what the ledger knows')
    .argument(
      '<url-or-path>',
      'https://…, abfss://…, ACCOUNT/CONTAINER/PATH, or CONTAINER/PATH as the rules name it',
    )
    .option('--json', 'as the HTTP API answers it')
    .addHelpText('after', '\nExample:\n  lakemark explain silver/sales/eu/some.csv')
    .action(async (address: string, options: { json?: boolean }) => {
      const { explain } = await import('./explain.ts')
      await explain(address, options)
    })

  program
    .command('plan')
    .description(
      'what the rules of the folder would change, over all that lies in the lake; it writes nothing',
    )
    .option('--base <ref>', 'compare with the rules of a git branch, tag or commit')
    .option(
      '--against <url>',
      'compare with the rules of a running service; ?code= may carry its function key',
    )
    .option('--json', 'for programs')
    .option('--markdown', 'for a comment of a pull request')
    .addHelpText(
      'after',
      `
Without --base and --against: with the service that runs here, else with the last commit, else with no rules.
Exit codes: 0 nothing changes, 2 something does, 1 it could not be told.

Example:
  lakemark plan --base origin/main --markdown`,
    )
    .exitOverride(error => {
      // 2 says that something changes: wrong usage must not.
      throw error.exitCode === 0 ? error : new UsageError(error.message)
    })
    .action(async (options: { base?: string; against?: string; json?: boolean; markdown?: boolean }) => {
      const { plan } = await import('./plan/plan.ts')
      await plan(options)
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
    console.error(printableLines(error.message))
    return error instanceof UsageError ? error.exitCode : 1
  }
  console.error(printableLines(String(error instanceof Error ? error.message : error)))
  return 1
}

function versionOf(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
