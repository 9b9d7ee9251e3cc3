import type { AssetDetail } from '../../app/questions/asset-views.ts'
import { formatAsset } from '../asset-text.ts'
import type { JsonOption } from '../command.ts'
import type { Service } from '../service/client.ts'
import { namingNear } from '../service/near-names.ts'
import { toJsonText } from '../terminal/json-text.ts'
import { outputTable } from '../terminal/output.ts'

/** Prints one asset with its newest versions. */
export async function showAsset(service: Service, name: string, { json = false }: JsonOption): Promise<void> {
  const detail = await namingNear(service, 'assets', name, () =>
    service.call<AssetDetail>('asset', { params: { name } }),
  )
  console.log(json ? toJsonText(detail) : formatAsset(detail, outputTable()))
}
