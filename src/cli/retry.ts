import { callService } from './service.ts'

export async function retry(asset: string): Promise<void> {
  const path = `assets/${encodeURIComponent(asset)}/retry`
  const { versions } = await callService<{ versions: number }>(path, 'POST')
  console.log(
    versions === 0
      ? `${asset}: nothing has failed`
      : `${asset}: ${versions === 1 ? 'one version is' : `${versions} versions are`} tried again`,
  )
}
