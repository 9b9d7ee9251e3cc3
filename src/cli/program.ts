import { readFileSync } from 'node:fs'
import { Argument, Command, Option } from 'commander'
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from './command.ts'
import { printableLines } from './terminal/printable.ts'
import { UsageError } from './usage-error.ts'

const EXIT_CODES = `
Exit codes: 0 done, 1 it did not work, 2 wrong usage, 3 what was followed ended with failures, 130 Ctrl-C.
lakemark COMMAND --help shows the options of a command, and an example.`

/** The command line that the definitions describe. Whatever ends early is thrown, as CommanderError or UsageError. */
export function createProgram(definitions: readonly CommandDefinition[]): Command {
  const program = new Command('lakemark')
    .description(
      'Registers the files that land in a data lake as versioned data assets in Azure ML workspaces.',
    )
    .version(versionOf())
    .configureOutput({ writeErr: text => process.stderr.write(printableLines(text)) })
    .exitOverride()
    .configureHelp({ subcommandTerm: termOf })
    .showHelpAfterError('lakemark --help lists the commands')
    .addHelpCommand(
      new Command('help')
        .argument('[command]')
        .helpGroup('Besides:')
        .description('shows this, or how a command is used'),
    )
    .addHelpText('after', EXIT_CODES)
  for (const definition of definitions) {
    program.addCommand(toCommand(definition, program))
  }
  return program
}

/** Its options stand in its own help. */
function termOf(command: Command): string {
  const places = command.registeredArguments.map(it => {
    const name = `${it.name()}${it.variadic ? '...' : ''}`
    return it.required ? `<${name}>` : `[${name}]`
  })
  return [command.name(), ...places].join(' ')
}

function toCommand(definition: CommandDefinition, program: Command): Command {
  const { name, group, summary, description, notes, example, usageExitCode, run } = definition
  const command = new Command(name)
    .copyInheritedSettings(program)
    .helpGroup(group)
    .summary(summary)
    .description(description)
    .addHelpText('after', `${notes === undefined ? '' : `\n${notes}\n`}\nExample:\n  lakemark ${example}`)
    .showHelpAfterError(`lakemark ${name} --help shows its options, and an example`)
    .exitOverride(error => {
      throw usageExitCode === undefined || error.exitCode === 0 ? error : new UsageError('', usageExitCode)
    })
  for (const argument of definition.arguments ?? []) command.addArgument(toArgument(argument))
  for (const option of definition.options ?? []) command.addOption(toOption(option))
  const count = definition.arguments?.length ?? 0
  const action = run as (...args: unknown[]) => Promise<void>
  return command.action((...given: unknown[]) => action(...given.slice(0, count + 1)))
}

function toArgument({ name, description, optional, many, choices }: ArgumentDefinition): Argument {
  const shown = `${name}${many === true ? '...' : ''}`
  const argument = new Argument(optional === true ? `[${shown}]` : `<${shown}>`, description)
  return choices === undefined ? argument : argument.choices(choices)
}

function toOption({ flags, description, choices, default: value, implies }: OptionDefinition): Option {
  const option = new Option(flags, description)
  if (choices !== undefined) option.choices(choices)
  if (value !== undefined) option.default(value)
  if (implies !== undefined) option.implies({ ...implies })
  return option
}

function versionOf(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
