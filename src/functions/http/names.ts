import * as z from 'zod'
import { isAssetName } from '../../core/naming.ts'
import { isOriginName } from '../../core/register/request.ts'
import { LABEL } from '../../core/rules/schema.ts'

/**
 * Names in queries and bodies. What cannot be one is refused where it comes in: it is never stored, nor given back in
 * an answer.
 */
export const RULE_NAME = z
  .string()
  .refine(text => LABEL.test(text) || isOriginName(text), 'expected the name of a rule')
  .optional()
export const WORKSPACE_ALIAS = label('the alias of a workspace')
export const ASSET_NAME = z.string().refine(isAssetName, 'expected the name of an asset').optional()

function label(what: string) {
  return z.string().regex(LABEL, `expected ${what}`).optional()
}
