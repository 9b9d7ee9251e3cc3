import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

const LICENCE = /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//

/**
 * The licences of the packages whose code is part of the bundle, as their authors want them to come with it. Rejects
 * where a package has none.
 */
export async function collectNotices(root: string, { outputs }: Metafile): Promise<string> {
  const used = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
  )
  const folders = new Set(used.flatMap(([path]) => PACKAGE.exec(path)?.[1] ?? []))
  const notices: string[] = []
  for (const folder of [...folders].sort()) notices.push(await noticeOf(join(root, folder)))
  return notices.join('\n')
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const files = (await readdir(folder)).filter(file => LICENCE.test(file)).sort()
  if (files.length === 0 && typeof license !== 'string') throw new Error(`${name} comes without a licence`)
  const texts = await Promise.all(files.map(file => readFile(join(folder, file), 'utf8')))
  return [`${name} ${version} (${license})`, '', ...texts.map(text => text.trim()), ''].join('\n')
}
