import { callService } from './service.ts'
import { printable } from './table.ts'

export async function retry(asset: string): Promise<void> {
  const path = `assets/${encodeURIComponent(asset)}/retry`
  const { versions } = await callService<{ versions: number }>(path, 'POST')
  const outcome =
    versions === 0
      ? 'nothing has failed'
      : `${versions === 1 ? 'one version is' : `${versions} versions are`} tried again`
  console.log(printable(`${asset}: ${outcome}`))
}
