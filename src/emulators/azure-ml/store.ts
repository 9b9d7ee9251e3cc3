import { openJournal } from '../journal.ts'
import type { DatastoreProperties, DataType } from './bodies.ts'
import { versionNumber } from './names.ts'

/** Times are in milliseconds since 1970. */
interface Stamps {
  createdMs: number
  modifiedMs: number
}

export interface StoredAsset extends Stamps {
  description: string | null
  tags: Record<string, string>
  properties: Record<string, string>
  isArchived: boolean
  dataType: DataType
}

export interface StoredContainer extends StoredAsset {
  name: string
}

export interface StoredVersion extends StoredAsset {
  version: string
  /** In its canonical form. */
  dataUri: string
  isAnonymous: boolean
  referencedUris?: string[]
}

export interface StoredDatastore extends Stamps {
  name: string
  properties: DatastoreProperties
}

/** A container with what follows from its versions. */
export interface ContainerState {
  container: StoredContainer
  /** In the order of their creation. */
  versions: ReadonlyMap<string, StoredVersion>
  /** The version created last. */
  latest: string | undefined
  /** One more than the highest whole number among the versions; other names do not count. */
  next: string
}

/** The whole of a resource after a PUT: the last line about it wins. */
type StateRecord =
  | { kind: 'container'; workspace: string; container: StoredContainer }
  | { kind: 'version'; workspace: string; name: string; version: StoredVersion }
  | { kind: 'datastore'; workspace: string; datastore: StoredDatastore }

/**
 * The emulator's state by workspace key. Puts change what is read at once and resolve when they are
 * journalled; that a put is allowed is for the caller to know.
 */
export interface Store {
  container(workspace: string, name: string): ContainerState | undefined
  /** In the order of their creation, as are datastores. */
  containers(workspace: string): ContainerState[]
  datastore(workspace: string, name: string): StoredDatastore | undefined
  datastores(workspace: string): StoredDatastore[]
  putContainer(workspace: string, container: StoredContainer): Promise<void>
  /** Makes the container where there is none. */
  putVersion(workspace: string, name: string, version: StoredVersion): Promise<void>
  putDatastore(workspace: string, datastore: StoredDatastore): Promise<void>
  close(): Promise<void>
}

interface HeldContainer {
  container: StoredContainer
  versions: Map<string, StoredVersion>
  latest: string | undefined
  highest: bigint
}

interface WorkspaceState {
  containers: Map<string, HeldContainer>
  datastores: Map<string, StoredDatastore>
}

/**
 * Opens the state kept in `file` (undefined: nothing is kept) and rewrites the file to one line a resource.
 * Throws where a line of the file is no state of this emulator.
 */
export async function openStore(file: string | undefined): Promise<Store> {
  const journal = await openJournal<StateRecord>(file)
  const workspaces = new Map<string, WorkspaceState>()
  const strange = journal.restored.findIndex(record => !apply(workspaces, record))
  if (strange >= 0) {
    await journal.close()
    throw new Error(
      `${file}:${strange + 1}  not a record of the emulated Azure ML; remove the line or the file`,
    )
  }
  await journal.rewrite(snapshot(workspaces))

  function put(record: StateRecord): Promise<void> {
    apply(workspaces, record)
    return journal.append(record)
  }

  const containersOf = (workspace: string) => workspaces.get(workspace)?.containers
  const datastoresOf = (workspace: string) => workspaces.get(workspace)?.datastores
  return {
    container: (workspace, name) => {
      const held = containersOf(workspace)?.get(name)
      return held === undefined ? undefined : toState(held)
    },
    containers: workspace => Array.from(containersOf(workspace)?.values() ?? [], toState),
    datastore: (workspace, name) => datastoresOf(workspace)?.get(name),
    datastores: workspace => Array.from(datastoresOf(workspace)?.values() ?? []),
    putContainer: (workspace, container) => put({ kind: 'container', workspace, container }),
    putVersion: (workspace, name, version) => put({ kind: 'version', workspace, name, version }),
    putDatastore: (workspace, datastore) => put({ kind: 'datastore', workspace, datastore }),
    close: () => journal.close(),
  }
}

/** False where the record is of no known kind. */
function apply(workspaces: Map<string, WorkspaceState>, record: StateRecord): boolean {
  const state = workspaces.get(record.workspace) ?? { containers: new Map(), datastores: new Map() }
  workspaces.set(record.workspace, state)
  switch (record.kind) {
    case 'container':
      held(state, record.container).container = record.container
      return true
    case 'version':
      addVersion(held(state, impliedContainer(record.name, record.version)), record.version)
      return true
    case 'datastore':
      state.datastores.set(record.datastore.name, record.datastore)
      return true
    default:
      return false
  }
}

function held(state: WorkspaceState, container: StoredContainer): HeldContainer {
  const existing = state.containers.get(container.name)
  if (existing !== undefined) return existing
  const made = { container, versions: new Map(), latest: undefined, highest: 0n }
  state.containers.set(container.name, made)
  return made
}

function addVersion(target: HeldContainer, version: StoredVersion): void {
  if (!target.versions.has(version.version)) target.latest = version.version
  target.versions.set(version.version, version)
  const number = versionNumber(version.version) ?? 0n
  if (number > target.highest) target.highest = number
}

/** What a version's PUT makes where the asset is new. */
function impliedContainer(name: string, { dataType, createdMs }: StoredVersion): StoredContainer {
  const bare = { description: null, tags: {}, properties: {}, isArchived: false }
  return { name, dataType, ...bare, createdMs, modifiedMs: createdMs }
}

function toState({ container, versions, latest, highest }: HeldContainer): ContainerState {
  return { container, versions, latest, next: String(highest + 1n) }
}

function* snapshot(workspaces: Map<string, WorkspaceState>): Generator<StateRecord> {
  for (const [workspace, { containers, datastores }] of workspaces) {
    for (const datastore of datastores.values()) yield { kind: 'datastore', workspace, datastore }
    for (const { container, versions } of containers.values()) {
      yield { kind: 'container', workspace, container }
      for (const version of versions.values())
        yield { kind: 'version', workspace, name: container.name, version }
    }
  }
}
