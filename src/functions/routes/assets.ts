import * as z from 'zod'
import type { VersionAnswer } from '../../app/questions/version-document.ts'
import { isAssetName } from '../../core/naming.ts'
import { type Answer, json, problem } from '../http/answers.ts'
import { CONTINUATION_ANSWER, PAGE } from '../http/input.ts'
import { defineRoute } from '../http/route.ts'
import { assetDetail, assetSummary, unknownAsset, unreadableAsset, versionDocument } from './answers.ts'

const MAX_TEXT = 255
/** Of the digits of a number that Azure ML takes, those that a number holds exactly. */
const MAX_DIGITS = 15

const text = (what: string) =>
  z.string().min(1, `expected ${what}`).max(MAX_TEXT, `expected ${what}`).optional()
const assetQuery = z.strictObject({
  ...PAGE,
  rule: text('the name of a rule').describe('It made the newest version, or what gathers for the next.'),
  workspace: text('the alias or name of a workspace').describe(
    'The newest version goes there, or what gathers for the next: its alias in the rules, or its name in Azure.',
  ),
  state: z
    .enum(
      ['pending', 'registered', 'failed', 'gathering'],
      'expected pending, registered, failed or gathering',
    )
    .optional()
    .describe(
      'Of the newest version, in the workspace given or in any; gathering: files wait to be cut into a version.',
    ),
  q: z
    .string()
    .regex(
      /^[A-Za-z0-9_-]{1,255}\*?$/,
      'expected part of a name: letters, digits, - and _; with * at its end a beginning',
    )
    .optional()
    .describe(
      'Part of the name; with a * at its end what the name begins with, which is found faster. Case counts.',
    ),
})

const UNKNOWN = { 404: { description: 'There is no such asset' } }

/** Assets with their versions. */
export const ASSET_ROUTES = [
  defineRoute({
    name: 'assets',
    method: 'GET',
    path: 'assets',
    summary:
      'Assets in the order of their names, page by page; so many are looked at in one go, whatever is left of them',
    access: 'Lakemark.Read',
    changes: false,
    query: assetQuery,
    answers: {
      200: {
        description: 'A page of assets',
        schema: z.object({
          assets: z.array(assetSummary),
          unreadable: z.array(unreadableAsset).describe('Those that another version of the service wrote.'),
          continuation: CONTINUATION_ANSWER,
        }),
      },
    },
    async handle({ lakemark, query }) {
      const { status } = await lakemark()
      const { items, unreadable, continuation } = await status.assets(query)
      return json(200, { assets: items, unreadable, continuation: continuation ?? null })
    },
  }),
  defineRoute({
    name: 'asset',
    method: 'GET',
    path: 'assets/{name}',
    summary: 'One asset with its newest versions, and their state in each workspace',
    access: 'Lakemark.Read',
    changes: false,
    answers: { 200: { description: 'The asset', schema: assetDetail }, ...UNKNOWN },
    async handle({ lakemark, params: { name = '' } }) {
      const { status } = await lakemark()
      const asset = isAssetName(name) ? await status.asset(name) : undefined
      return asset === undefined ? unknownAsset(name) : json(200, asset)
    },
  }),
  defineRoute({
    name: 'version',
    method: 'GET',
    path: 'assets/{name}/versions/{number}',
    summary: 'One version of an asset with all that is known of it, and its members page by page',
    access: 'Lakemark.Read',
    changes: false,
    query: z.strictObject(PAGE),
    answers: {
      200: { description: 'The version', schema: versionDocument },
      404: { description: 'There is no such asset or version; of a number that was left out, why' },
    },
    async handle({ lakemark, params: { name = '', number = '' }, query }) {
      if (!isAssetName(name)) return unknownAsset(name)
      const wanted = numberIn(number)
      if (wanted === undefined) {
        return problem(404, 'unknown-version', 'expected the number of a version: a whole number from 1')
      }
      const { status } = await lakemark()
      const answer = await status.version(name, wanted, query)
      if (answer.kind === 'unknown asset') return unknownAsset(name)
      if (answer.kind !== 'found') return noVersion(name, wanted, answer)
      return json(200, { ...answer.document, continuation: answer.continuation ?? null })
    },
  }),
]

function numberIn(text: string): number | undefined {
  return /^[1-9]\d*$/.test(text) && text.length <= MAX_DIGITS ? Number(text) : undefined
}

/** What became of a number that is none of our versions. */
function noVersion(
  asset: string,
  number: number,
  answer: Exclude<VersionAnswer, { kind: 'found' | 'unknown asset' }>,
): Answer {
  switch (answer.kind) {
    case 'not yet': {
      const newest = answer.newest === 0 ? 'none has been cut yet' : `the newest is ${answer.newest}`
      return problem(404, 'unknown-version', `${asset} has no version ${number}: ${newest}`)
    }
    case 'before ours': {
      const detail = `number ${number} of ${asset} is not Lakemark's: numbers up to ${answer.before} were in use in a workspace before the asset was first seen`
      return problem(404, 'number-left-out', detail, { next: answer.before + 1 })
    }
    case 'left out': {
      const { from, to, others } = answer
      const detail = `number ${number} of ${asset} was left out: others used numbers up to ${others}, so that the data of version ${from} moved to ${to}`
      return problem(404, 'number-left-out', detail, { movedFrom: from, next: to })
    }
  }
}
