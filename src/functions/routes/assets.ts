import { z } from 'zod'
import { operatedRules } from '../../core/access/decision.ts'
import { isAssetName } from '../../core/naming.ts'
import { type Answer, json, problem } from '../http/answers.ts'
import { CONTINUATION_ANSWER, PAGE } from '../http/input.ts'
import { defineRoute } from '../http/route.ts'
import { assetDetail, assetSummary, refusedFile, unreadableAsset } from './answers.ts'

const UNKNOWN = { 404: { description: 'There is no such asset' } }

/** Assets with their versions, what could not become one, and trying again. */
export const ASSET_ROUTES = [
  defineRoute({
    name: 'assets',
    method: 'GET',
    path: 'assets',
    summary: 'Assets in the order of their names, page by page',
    access: 'Lakemark.Read',
    changes: false,
    query: z.strictObject(PAGE),
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
    name: 'retryAsset',
    method: 'POST',
    path: 'assets/{name}/retry',
    summary: "Makes an asset's failed deliveries pending again",
    access: 'Lakemark.Operate',
    changes: true,
    async operates({ lakemark, params: { name = '' } }) {
      const { status, rules } = await lakemark()
      const names = isAssetName(name) ? await status.rulesOf(name) : undefined
      if (names === undefined) return undefined
      return { rules: operatedRules(names, rules().rules.rules), beyond: false }
    },
    answers: {
      202: {
        description: 'How many versions are delivered again',
        schema: z.object({ asset: z.string(), versions: z.int() }),
      },
      ...UNKNOWN,
    },
    async handle({ lakemark, params: { name = '' } }) {
      const { retry } = await lakemark()
      const retried = isAssetName(name) ? await retry(name) : undefined
      return retried === undefined
        ? unknownAsset(name)
        : json(202, { asset: name, versions: retried.retried })
    },
  }),
  defineRoute({
    name: 'failures',
    method: 'GET',
    path: 'failures',
    summary: 'Files that match a rule and cannot be registered, and messages that could not be worked on',
    access: 'Lakemark.Read',
    changes: false,
    query: z.strictObject(PAGE),
    answers: {
      200: {
        description: 'A page of them, each with its reason',
        schema: z.object({ failures: z.array(refusedFile), continuation: CONTINUATION_ANSWER }),
      },
    },
    async handle({ lakemark, query }) {
      const { status } = await lakemark()
      const { items, continuation } = await status.refusals(query)
      return json(200, { failures: items, continuation: continuation ?? null })
    },
  }),
]

function unknownAsset(name: string): Answer {
  return problem(404, 'unknown-asset', `no asset is called "${name.slice(0, 255)}"`)
}
