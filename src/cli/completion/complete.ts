/** What may stand where the cursor is. */
import type { ArgumentDefinition, CommandDefinition, NameKind, OptionDefinition } from '../command.ts'

export interface Suggestion {
  value: string
  /** A line for those shells that show it. */
  description: string
}

/** Names of a kind. None: there are none, or they could not be had in time. */
export type FindNames = (
  kind: NameKind,
  asked: { beginning: string; url: string | undefined; audience: string | undefined },
) => Promise<readonly string[]>

const HELP: Suggestion = { value: '--help', description: 'shows how it is used' }
const VERSION: Suggestion = { value: '--version', description: 'of Lakemark' }
/** What no shell takes for anything but itself: names come from others. */
const HARMLESS = /^[\w./@+-]+$/

/** `words`: those behind `lakemark`, the last of them being the one to complete, which may be ''. */
export async function complete(
  commands: readonly CommandDefinition[],
  words: readonly string[],
  findNames: FindNames,
): Promise<Suggestion[]> {
  const current = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const at = before.findIndex(word => !word.startsWith('-'))
  const command = commands.find(({ name }) => name === before[at])
  const all = at < 0 ? ofProgram() : command === undefined ? [] : await ofCommand(command)
  return all.filter(({ value }) => value.startsWith(current))

  function ofProgram(): Suggestion[] {
    if (current.startsWith('-')) return [HELP, VERSION]
    return commands.map(({ name, summary }) => ({ value: name, description: summary }))
  }

  async function ofCommand({ options = [], ...definition }: CommandDefinition): Promise<Suggestion[]> {
    const given = readWords(options, before.slice(at + 1))
    const from = {
      beginning: current,
      url: given.values.get('--url'),
      audience: given.values.get('--audience'),
    }
    if (given.open !== undefined) return values(given.open, from)
    if (current.startsWith('-')) {
      const left = options.filter(option => !given.names.has(nameOf(option)))
      return [...left.map(it => ({ value: nameOf(it), description: it.description })), HELP]
    }
    const places = definition.arguments ?? []
    const last = places.at(-1)
    const place = places[given.positions] ?? (last?.many === true ? last : undefined)
    return place === undefined ? [] : values(place, from)
  }

  async function values(
    { choices, completes, description }: ArgumentDefinition | OptionDefinition,
    asked: Parameters<FindNames>[1],
  ): Promise<Suggestion[]> {
    if (choices !== undefined) return choices.map(value => ({ value, description }))
    if (completes === undefined) return []
    const names = await findNames(completes, asked)
    return names.filter(name => HARMLESS.test(name)).map(value => ({ value, description: completes }))
  }
}

/** What has been typed of a command: options with their values, an option that waits for its, and how many arguments. */
function readWords(options: readonly OptionDefinition[], words: readonly string[]) {
  const names = new Set<string>()
  const given = new Map<string, string>()
  let open: OptionDefinition | undefined
  let positions = 0
  for (const word of words) {
    if (open !== undefined) {
      given.set(nameOf(open), word)
      open = undefined
    } else if (word.startsWith('-')) {
      const [name = '', value] = word.split('=', 2)
      names.add(name)
      if (value !== undefined) given.set(name, value)
      else open = options.find(option => nameOf(option) === name && option.flags.includes('<'))
    } else positions += 1
  }
  return { names, values: given, open, positions }
}

function nameOf({ flags }: OptionDefinition): string {
  return flags.split(' ')[0] ?? ''
}
