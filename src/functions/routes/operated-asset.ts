import { type Operated, operatedRules } from '../../core/access/decision.ts'
import { isAssetName } from '../../core/naming.ts'
import { isFromRequest } from '../../core/register/request.ts'
import type { OpenLakemark } from '../../open-lakemark.ts'

/** Who may deliver again what an asset has, whatever made it. Undefined: there is no such asset. */
export async function operatedAsset(
  { status, rules, register }: OpenLakemark,
  name: string,
): Promise<Operated | undefined> {
  const names = isAssetName(name) ? await status.rulesOf(name) : undefined
  if (names === undefined) return undefined
  // What requests have made is its who watches that ground.
  const { rules: keepers, beyond } = await register.operatedAsset(name)
  const makers = names.filter(it => !isFromRequest(it))
  return { rules: [...operatedRules(makers, rules().rules.rules), ...keepers], beyond }
}
