/** What a command says of itself: the command line, its help and its completion follow from it. */

/** Names that the service or the rules know, for the shell to complete. */
export type NameKind = 'assets' | 'rules' | 'workspaces' | 'containers' | 'runs'

export interface ArgumentDefinition {
  /** As the help shows it. */
  name: string
  description: string
  /** It may be left out. */
  optional?: true
  /** It takes all that follow. */
  many?: true
  choices?: readonly string[]
  completes?: NameKind
}

export interface OptionDefinition {
  /** As in `--rule <rule>`. */
  flags: string
  description: string
  choices?: readonly string[]
  default?: string
  /** What else is set by it. */
  implies?: Readonly<Record<string, unknown>>
  completes?: NameKind
}

export interface CommandDefinition<A extends unknown[] = never[]> {
  name: string
  /** The heading that it stands under in the list of commands. */
  group: 'On this machine:' | 'The service:' | 'Rules:' | 'Besides:'
  /** For that list: a few words. */
  summary: string
  /** A line, without a full stop. */
  description: string
  arguments?: readonly ArgumentDefinition[]
  options?: readonly OptionDefinition[]
  /** Behind `lakemark`. */
  example: string
  /** What the help says besides. */
  notes?: string
  /** The exit code of wrong usage, where it is not 2. */
  usageExitCode?: 1
  /** Gets the arguments, one by one, and last the options. Loads its own code: the others' costs nothing. */
  run(...args: A): Promise<void>
}

/** Gives a definition its types. */
export function defineCommand<A extends unknown[]>(definition: CommandDefinition<A>): CommandDefinition {
  return definition as unknown as CommandDefinition
}

export interface JsonOption {
  json?: boolean
}

/** Where the service is. */
export interface ServiceOptions {
  url?: string | undefined
  audience?: string | undefined
}

export interface ListOptions extends JsonOption, ServiceOptions {
  limit?: string
}

export const JSON_OPTION: OptionDefinition = {
  flags: '--json',
  description: 'one JSON document, for programs',
}

/** Of every command that asks the service. */
export const SERVICE_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: '--url <url>',
    description:
      'the service, such as https://lakemark.contoso.com (default: LAKEMARK_URL, else this machine)',
  },
  {
    flags: '--audience <audience>',
    description:
      'whom access tokens are for: the App ID URI or client id of its API (default: LAKEMARK_AUDIENCE)',
  },
]

export const LIMIT_OPTION: OptionDefinition = {
  flags: '--limit <count>',
  description: 'how many at most; where there are more, that is said (default: 1000)',
}

export const RULE_OPTION: OptionDefinition = {
  flags: '--rule <rule>',
  description: 'of one rule',
  completes: 'rules',
}

export const WORKSPACE_OPTION: OptionDefinition = {
  flags: '--workspace <alias>',
  description: 'of one workspace',
  completes: 'workspaces',
}
