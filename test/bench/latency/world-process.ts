/** The local world as `lakemark start --ephemeral` runs it, with an observer of its HTTP traffic beside it. */
import { readConfig } from '../../../src/config.ts'
import { DEV_ACCOUNT, DEV_KEY } from '../../../src/emulators/lake/azurite.ts'
import { type LocalWorld, startLocalWorld } from '../../../src/local/local-world.ts'
import { answerParent } from '../intake/child.ts'
import { observeHttp, type Span } from './spans.ts'

export interface WorldAddresses {
  lake: string
  azureMl: string
  /** Of the Azurite inside. */
  connectionString: string
}

const observer = observeHttp()
let world: LocalWorld | undefined

answerParent({
  async start({ rulesFolder }: { rulesFolder: string }): Promise<WorldAddresses> {
    const config = readConfig({
      LAKEMARK_RULES: rulesFolder,
      LAKEMARK_PORT: '0',
      LAKEMARK_LAKE_PORT: '0',
      LAKEMARK_AZUREML_PORT: '0',
    })
    world = await startLocalWorld(config, { ephemeral: true })
    const { lake, azureMl, service } = world
    observer.name(new URL(lake).host, 'lake')
    observer.name(new URL(azureMl).host, 'Azure ML')
    observer.name(new URL(service).host, 'host')
    return { lake, azureMl, connectionString: findStorage(observer.firstPaths()) }
  },
  spans: (since: number): Span[] => observer.spans(since),
  async close() {
    await world?.close()
  },
})

/** The world keeps its Azurite to itself, so it is found by what was first asked of each of its services. */
function findStorage(firstPaths: ReadonlyMap<string, string>): string {
  const endpoints = [...firstPaths].flatMap(([host, path]) => {
    const service = serviceOf(path)
    if (service === undefined) return []
    observer.name(host, service.toLowerCase())
    return [`${service}Endpoint=http://${host}/${DEV_ACCOUNT}`]
  })
  if (endpoints.length !== 3)
    throw new Error(`expected three storage services, found ${endpoints.join(', ')}`)
  return [
    'DefaultEndpointsProtocol=http',
    `AccountName=${DEV_ACCOUNT}`,
    `AccountKey=${DEV_KEY}`,
    ...endpoints,
  ].join(';')
}

function serviceOf(path: string): 'Blob' | 'Queue' | 'Table' | undefined {
  if (!path.startsWith(`/${DEV_ACCOUNT}/`)) return undefined
  if (path.includes('restype=container')) return 'Blob'
  return path.includes('/Tables') ? 'Table' : 'Queue'
}
