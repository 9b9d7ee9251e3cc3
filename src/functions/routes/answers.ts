/** Answers that several routes have, and their shapes for the API's document. */
import * as z from 'zod'
import type { FileInAsset, FileKnowledge } from '../../app/questions/file-knowledge.ts'
import type { Health } from '../../app/questions/health.ts'
import type { AssetDetail, AssetSummary, UnreadableAsset, VersionDetail } from '../../app/questions/status.ts'
import type { VersionDocument } from '../../app/questions/version-document.ts'
import { type Answer, problem } from '../http/answers.ts'
import { CONTINUATION_ANSWER } from '../http/input.ts'

const workspaceState = z.object({
  state: z.enum(['pending', 'registered', 'failed']),
  reason: z.string().nullable().describe('Of a failure, or what delays it.'),
})
const workspaces = z.record(z.string(), workspaceState).describe('By workspace alias.')
const time = z.iso.datetime()

export const assetSummary: z.ZodType<AssetSummary> = z.object({
  name: z.string(),
  type: z.enum(['uri_file', 'uri_folder']),
  latest: z.int().nullable().describe('The newest version; null: none has been cut yet.'),
  rule: z
    .string()
    .nullable()
    .describe('That made the newest version, or what gathers where there is no version yet.'),
  cutAt: time.nullable().describe('Of the newest version.'),
  gathering: z.int().describe('Files that wait to be cut into a version.'),
  workspaces,
})

export const versionDetail: z.ZodType<VersionDetail> = z.object({
  version: z.int(),
  files: z.int(),
  bytes: z.int(),
  rule: z.string(),
  commit: z.string().nullable(),
  source: z.string(),
  fingerprint: z.string(),
  cause: z.string(),
  cutAt: z.iso.datetime(),
  movedTo: z.int().nullable().describe('Set where the number was found taken: the data is in that version.'),
  workspaces,
})

export const assetDetail: z.ZodType<AssetDetail> = z.object({
  name: z.string(),
  type: z.enum(['uri_file', 'uri_folder']),
  latest: z.int().nullable(),
  rule: z.string().nullable(),
  cutAt: time.nullable(),
  gathering: z.int(),
  workspaces,
  versions: z.array(versionDetail).describe('The newest 50, newest first.'),
})

export const unreadableAsset: z.ZodType<UnreadableAsset> = z.object({ name: z.string(), reason: z.string() })

export function unknownAsset(name: string): Answer {
  return problem(404, 'unknown-asset', `no asset is called "${name.slice(0, 255)}"`)
}

export const versionDocument: z.ZodType<VersionDocument & { continuation: string | null }> = z.object({
  asset: z.string(),
  type: z.enum(['uri_file', 'uri_folder']),
  version: z.int(),
  provisional: z
    .boolean()
    .describe('The workspaces have not been asked yet which numbers are in use: the number may change.'),
  rule: z.string(),
  commit: z.string().nullable().describe('Of the rules, where it is known.'),
  source: z.string().describe('account/container/path, of a folder with a slash at its end.'),
  dataUri: z.string().describe("As it is sent to Azure ML, which answers with the workspace's long form."),
  datastore: z.string(),
  description: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
  properties: z.record(z.string(), z.string()),
  fingerprint: z.string(),
  etag: z.string().describe('Of the file, or of the last one taken in.'),
  files: z.int(),
  bytes: z.int(),
  cause: z.string().describe('Why it was cut then.'),
  cutAt: time,
  movedTo: z.int().nullable().describe('Set where the number was found taken: the data is in that version.'),
  movedFrom: z.int().nullable().describe('The number that the data had before it was found taken.'),
  workspaces: z
    .record(
      z.string(),
      workspaceState.extend({
        at: time.nullable().describe('Since when it is registered, or has failed.'),
        attempts: z.int().describe('Attempts in a row that met passing trouble.'),
        notBefore: time.nullable().describe('No attempt before then.'),
      }),
    )
    .describe('By workspace alias.'),
  members: z
    .array(
      z
        .object({ file: z.string(), path: z.string(), etag: z.string(), sizeBytes: z.int() })
        .describe('A file.'),
    )
    .describe('A page of the files that it took in, in no particular order.'),
  continuation: CONTINUATION_ANSWER,
})

export const sighting = z
  .object({
    at: time,
    etag: z.string(),
    sizeBytes: z.int(),
    sequencer: z.string().nullable().describe('Null: the lake itself was asked.'),
    removed: z.boolean(),
  })
  .nullable()

export const gathering = z
  .object({ files: z.int(), since: time, dueAt: time, cause: z.string() })
  .nullable()
  .describe('Where it waits to be cut into a version.')

/** What the lake holds of a file. */
export const lakeFacts = z
  .discriminatedUnion('state', [
    z.object({
      state: z.literal('there'),
      etag: z.string(),
      sizeBytes: z.int(),
      isDirectory: z.boolean(),
      isBeingCopied: z.boolean(),
    }),
    z.object({ state: z.literal('absent') }),
    z.object({ state: z.literal('unknown'), reason: z.string() }),
  ])
  .nullable()
  .describe('What the lake holds; null: it was not asked, as no rule names the container.')

const fileInAsset: z.ZodType<FileInAsset> = z.object({
  asset: z.string(),
  type: z.enum(['uri_file', 'uri_folder']).nullable().describe('Null: there is no such asset yet.'),
  rules: z
    .array(z.string())
    .describe('Those in force that make this asset of the file now; none: former rules did.'),
  workspaces: z.array(z.string()).describe('Where these rules send it: aliases.'),
  lastSeen: sighting.describe('The newest news of the file that was recorded; null: none has ever come.'),
  gathering,
  versions: z
    .array(
      versionDetail.and(
        z.object({
          current: z.boolean().describe('Of its newest content; false: it was overwritten since.'),
          etag: z.string().describe('Of the content that this version took in.'),
          sizeBytes: z.int(),
        }),
      ),
    )
    .describe('Those that the file was taken into, newest first.'),
  hasMoreVersions: z.boolean().describe('There are older ones that are not shown.'),
  obstacle: z.string().nullable().describe('What stands in the way of the next version.'),
  unreadable: z.string().nullable().describe('Why what the ledger holds of it cannot be read.'),
})

export const fileKnowledge: z.ZodType<FileKnowledge & { continuation: string | null }> = z.object({
  file: z.string().describe('account/container/path'),
  account: z.string(),
  container: z.string(),
  path: z.string(),
  commit: z.string().nullable().describe('Of the rules in force, where it is known.'),
  isWatched: z.boolean().describe('Whether a rule in force names the container.'),
  isDirectory: z.boolean(),
  lake: lakeFacts,
  rules: z
    .array(
      z.object({
        rule: z.string(),
        role: z
          .enum(['data', 'marker'])
          .nullable()
          .describe('Null: it matches, and no asset can be made of the file.'),
        asset: z.string().nullable(),
        workspaces: z.array(z.string()).describe('Aliases.'),
        reason: z.string().nullable().describe('Why no asset can be made of it.'),
      }),
    )
    .describe('Those in force that match.'),
  assets: z
    .array(fileInAsset)
    .describe('First those of the rules that match, then what else the ledger knows.'),
  refusals: z
    .array(z.object({ rule: z.string(), asset: z.string().nullable(), reason: z.string(), at: time }))
    .describe('By rules that match or once did; the last one of each.'),
  continuation: CONTINUATION_ANSWER,
})

const dependency = (what: string) => z.string().describe(`${what}: "ready", or why it is not.`)

export const health: z.ZodType<Health> = z.object({
  status: z.enum(['ready', 'unready']),
  version: z.string().describe('Of Lakemark.'),
  ledger: dependency('The table of the ledger'),
  agenda: dependency('The table of outstanding work'),
  runs: dependency('The table of re-sync runs'),
  workQueue: dependency('The work queue'),
  blobs: dependency("The container of the app's own blobs"),
  rules: z
    .string()
    .describe(
      '"ready", or why the newest commit is not in force; the rules before it go on, and this alone is no reason to be unready.',
    ),
  rulesSource: z
    .string()
    .describe(
      '"ready", or what the last look at it met; the rules in force go on, and this alone is no reason to be unready.',
    ),
  datastores: z
    .string()
    .describe(
      '"ready", or which datastores could not be given their credentials; this alone is no reason to be unready.',
    ),
  rulesCount: z.int().nullable().describe('How many rules are in force.'),
  rulesCommit: z.string().nullable(),
  rulesSince: time.nullable(),
  lastResync: z
    .object({
      id: z.string(),
      state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled']),
      startedAt: time.nullable(),
      endedAt: time.nullable(),
      listed: z.int(),
      new: z.int(),
      registered: z.int(),
      failed: z.int(),
      reason: z.string().nullable(),
    })
    .nullable()
    .describe('The last run that the schedule started; null: there was none.'),
  lastResyncSuccessAt: time.nullable().describe('When the last scheduled run that went well ended.'),
  counts: z.record(z.string(), z.number()).describe('What was counted in this process since its start.'),
})
