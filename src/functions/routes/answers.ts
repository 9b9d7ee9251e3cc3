/** Shapes of answers that several routes have, for the API's document. */
import { z } from 'zod'
import type {
  AssetDetail,
  AssetSummary,
  RefusedFile,
  UnreadableAsset,
  VersionDetail,
} from '../../app/status.ts'

const workspaces = z
  .record(
    z.string(),
    z.object({
      state: z.enum(['pending', 'registered', 'failed']),
      reason: z.string().nullable().describe('Of a failure, or what delays it.'),
    }),
  )
  .describe('By workspace alias.')

export const assetSummary: z.ZodType<AssetSummary> = z.object({
  name: z.string(),
  type: z.enum(['uri_file', 'uri_folder']),
  latest: z.int().nullable().describe('The newest version; null: none has been cut yet.'),
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
  gathering: z.int(),
  workspaces,
  versions: z.array(versionDetail).describe('The newest 50, newest first.'),
})

export const unreadableAsset: z.ZodType<UnreadableAsset> = z.object({ name: z.string(), reason: z.string() })

export const refusedFile: z.ZodType<RefusedFile> = z.object({
  rule: z.string(),
  file: z.string(),
  asset: z.string().nullable(),
  reason: z.string(),
  at: z.iso.datetime(),
})
