import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { AzureMl, RegisteredVersion } from '../../src/app/ports.ts'
import { keyOf } from '../../src/core/asset/fingerprint.ts'
import type { BlobRef } from '../../src/core/blob-ref.ts'
import { createMemoryWorld } from '../support/memory-world.ts'
import { ALL_FILES } from './host-world.ts'
import { blobName } from './hostile.ts'
import { assertAssetName, assertDatastoreName, assertDataUri, assertTableKey, assertTexts } from './legal.ts'
import { defineSuite, property } from './suite.ts'

const CONTAINERS = ['silver', 'gold', '$root', '$web', '$logs']
const place = fc.record({
  account: fc.constant('contosolake'),
  container: fc.constantFrom(...CONTAINERS),
  path: blobName,
})

/** What something on the way might take for the same name. */
const NEAR: readonly ((path: string) => string)[] = [
  path => path.normalize('NFC'),
  path => path.normalize('NFD'),
  path => path.toLowerCase(),
  path => path.trim(),
  path => path.replace(/[. ]+$/, ''),
  path => path.replaceAll('\\', '/'),
  path => path.replaceAll('//', '/'),
  path => path.replace(/[?#].*$/s, ''),
  path => path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
  path => encodeURI(path.toWellFormed()),
  path => path.replace(/\p{Cc}/gu, ''),
  path => `${path} `,
]

interface Sent {
  alias: string
  asset: string
  number: number
  version: RegisteredVersion
}

interface NamesWorld {
  world: ReturnType<typeof createMemoryWorld>
  /** Everything that Azure ML was sent since it was last asked. */
  take(): Sent[]
}

export const blobNames = defineSuite<NamesWorld>({
  title: 'a blob of whatever name',
  open: async () => open(),
  close: async () => undefined,
  properties: [
    property(
      'is registered once in every workspace, or refused with a reason that explain shows',
      place,
      endsWell,
    ),
    property('has a key of its own', fc.tuple(place, fc.constantFrom(...NEAR)), (_, [ref, change]) => {
      const near = { ...ref, path: change(ref.path) }
      if (!ref.path.isWellFormed() || !near.path.isWellFormed()) return
      assert.equal(keyOf(ref) === keyOf(near), ref.path === near.path)
      assertTableKey(keyOf(ref))
    }),
  ],
})

function open(): NamesWorld {
  let sent: Sent[] = []
  const world = createMemoryWorld(ALL_FILES, ({ azureMl }) => ({ azureMl: watched(azureMl) }))
  return {
    world,
    take() {
      const taken = sent
      sent = []
      return taken
    },
  }

  function watched(azureMl: AzureMl): AzureMl {
    return {
      ...azureMl,
      async ensureDatastore(workspace, datastore) {
        assertDatastoreName(datastore.name)
        return azureMl.ensureDatastore(workspace, datastore)
      },
      async putVersion(workspace, asset, number, version) {
        assertAssetName(asset)
        assertDataUri(version.dataUri)
        assertTexts(version.tags)
        assertTexts(version.properties)
        assert.ok(String(number).length <= 30)
        sent.push({ alias: workspace.alias, asset, number, version: { ...version, isArchived: false } })
        return azureMl.putVersion(workspace, asset, number, version)
      },
    }
  }
}

let writes = 0

async function endsWell({ world, take }: NamesWorld, ref: BlobRef): Promise<void> {
  take()
  writes += 1
  const content = { etag: `0x${writes}`, sizeBytes: 7 }
  world.lake.put(ref, { ...content, isDirectory: false, isBeingCopied: false })
  const before = world.counters.all()
  await world.deliver(eventOf(ref, content))
  await world.drain()

  const sent = take()
  const explained = await world.lakemark.explain(ref)
  const [rule] = explained.rules
  const registered = rule?.ledger?.version
  if (registered == null) {
    assert.deepEqual(sent, [])
    assert.ok(isRefusedWithReason(), 'it is neither registered nor refused for a reason')
    return
  }
  assert.ok(ref.path.isWellFormed(), 'no blob has half of a surrogate pair in its name')
  assert.equal(rule?.ledger?.recorded?.etag, content.etag)
  const aliases = Object.keys(registered.workspaces)
  assert.deepEqual(sent.map(({ alias }) => alias).sort(), aliases.sort(), 'once to each workspace')
  for (const { state } of Object.values(registered.workspaces)) assert.equal(state, 'registered')
  for (const { number, version } of sent) {
    assert.equal(number, registered.version)
    if (version.type === 'uri_file') assert.ok(version.dataUri.endsWith(`/paths/${ref.path}`))
  }

  function isRefusedWithReason(): boolean {
    if (!ref.path.isWellFormed()) return grewAny('ignored:')
    if (explained.isDirectory) return grewAny('ignored:')
    if (rule?.result.kind === 'refused') return rule.ledger?.refusal?.reason === rule.reason
    return rule?.result.kind === 'missed' && (rule.reason ?? '') !== '' && grewAny('ignored:no-rule-matches')
  }

  function grewAny(prefix: string): boolean {
    const names = Object.entries(world.counters.all())
    return names.some(([name, count]) => name.startsWith(prefix) && count > (before[name] ?? 0))
  }
}

/** The subject holds the name as it is; the url, where it can be written, holds it percent-encoded. */
function eventOf(
  { account, container, path }: BlobRef,
  { etag, sizeBytes }: { etag: string; sizeBytes: number },
) {
  const url = path.isWellFormed()
    ? {
        url: `https://${account}.blob.core.windows.net/${container}/${path.split('/').map(encodeURIComponent).join('/')}`,
      }
    : {}
  return {
    topic: `/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/${account}`,
    subject: `/blobServices/default/containers/${container}/blobs/${path}`,
    eventType: 'Microsoft.Storage.BlobCreated',
    data: { api: 'PutBlob', eTag: etag, contentLength: sizeBytes, sequencer: writes.toString(16), ...url },
  }
}
