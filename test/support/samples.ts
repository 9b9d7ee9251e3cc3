import type {
  AssetHead,
  CutSpec,
  FileState,
  Gathering,
  Transition,
  Version,
} from '../../src/core/asset/asset.ts'
import { NO_ROWS, newHead } from '../../src/core/asset/asset.ts'
import { EMPTY_DIGEST, keyOf } from '../../src/core/asset/fingerprint.ts'

/** Made-up but well-formed things of the ledger. */
export const NOW = Date.UTC(2026, 0, 15, 12)

export function specOf(overrides: Partial<CutSpec> = {}): CutSpec {
  return {
    rule: 'daily-sales',
    commit: undefined,
    type: 'uri_folder',
    account: 'contosolake',
    container: 'silver',
    datastore: { name: 'silver', kind: 'azure_blob' },
    dataPath: 'sales/eu',
    description: undefined,
    tags: { team: 'retail' },
    workspaces: ['ml-retail'],
    ...overrides,
  }
}

export function fileOf(path: string, overrides: Partial<FileState> = {}): FileState {
  const ref = { account: 'contosolake', container: 'silver', path }
  return {
    key: keyOf(ref),
    ref,
    etag: '0x1',
    sizeBytes: 10,
    sequencer: undefined,
    removed: false,
    cut: 1,
    target: 'target-1',
    recordedAt: NOW,
    ...overrides,
  }
}

export function gatheringOf(target: string, overrides: Partial<Gathering> = {}): Gathering {
  return {
    target,
    cut: 1,
    spec: specOf(),
    files: 1,
    bytes: 10,
    digest: EMPTY_DIGEST,
    lastEtag: '0x1',
    since: NOW,
    dueAt: NOW + 1000,
    cause: 'settled',
    ...overrides,
  }
}

export function versionOf(ordinal: number, overrides: Partial<Version> = {}): Version {
  return {
    ordinal,
    cut: ordinal,
    spec: specOf(),
    files: 1,
    bytes: 10,
    fingerprint: EMPTY_DIGEST,
    etag: '0x1',
    cause: 'settled',
    cutAt: NOW,
    outcomes: {},
    movedTo: undefined,
    movedFrom: undefined,
    ...overrides,
  }
}

export function transitionOf(head: Partial<AssetHead>, parts: Partial<Transition> = {}): Transition {
  return {
    head: { ...newHead('uri_folder'), ...head },
    ...NO_ROWS,
    ...parts,
  }
}
