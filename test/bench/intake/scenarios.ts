/** The three kinds of traffic, as rules and paths. */

export interface Scenario {
  name: 'single-file rules' | 'one hot folder' | 'many folders'
  rules: string
  /** Of file number `index` of a round; no file comes twice. */
  path(round: string, index: number): string
  /**
   * Of a round, by default: so many that its beginning and its end, with few under way, take the least part of it. Each
   * round begins with an empty ledger, and has assets of its own.
   */
  events: number
  /** Of the floor's transactions: how many events share one, as far as the rows leave room. */
  eventsPerTransaction: number
  /** How many assets share the events; undefined: each event has one of its own. */
  assets: number | undefined
}

const WORKSPACES = `
workspaces:
  ml-bench: { subscription: 00000000-0000-0000-0000-000000000001, resourceGroup: rg-bench }
`
/** Nothing that gathers becomes due while it is measured. */
const GATHERING = 'settle: 1h\n    maxWait: 1d\n    to: [ml-bench]\n    tags: { team: bench }'
/** A transaction has a hundred rows: those of the head and of what gathers, and one a file. */
const FILES_PER_TRANSACTION = 98

export function createScenarios(folders: number): Scenario[] {
  return [
    {
      name: 'single-file rules',
      rules: rule(
        'single',
        'single/{round}/{name}.csv',
        'single-{round}-{name}',
        'to: [ml-bench]\n    tags: { team: bench }',
      ),
      path: (round, index) => `single/${round}/${index}.csv`,
      events: 1500,
      eventsPerTransaction: 1,
      assets: undefined,
    },
    {
      name: 'one hot folder',
      rules: rule(
        'hot',
        'hot/{round}/**/*.parquet',
        'hot-{round}',
        `type: uri_folder\n    folder: hot/{round}\n    ${GATHERING}`,
      ),
      path: (round, index) => `hot/${round}/part-${index}.parquet`,
      events: 3000,
      eventsPerTransaction: FILES_PER_TRANSACTION,
      assets: 1,
    },
    {
      name: 'many folders',
      rules: rule(
        'many',
        'many/{round}/{part}/*.parquet',
        'many-{round}-{part}',
        `type: uri_folder\n    folder: many/{round}/{part}\n    ${GATHERING}`,
      ),
      // Strides through the folders, so that neighbours in a batch are of different ones.
      path: (round, index) => `many/${round}/${(index * 7) % folders}/${index}.parquet`,
      events: 1000,
      eventsPerTransaction: 1,
      assets: folders,
    },
  ]
}

function rule(name: string, match: string, asset: string, rest: string): string {
  return `${WORKSPACES}
rules:
  - name: ${name}
    from: devstoreaccount1/silver
    match: "${match}"
    asset: "${asset}"
    ${rest}
`
}
