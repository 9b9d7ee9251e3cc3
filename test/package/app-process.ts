/**
 * The function app of this folder in the embedded host, as its package has it: `node app-process.ts`. Says on
 * standard output where it answers and what it has registered; ends with its standard input.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { QueueServiceClient } from '@azure/storage-queue'
import { readHostJson, startHost } from '../../src/host/host.ts'

const { main } = JSON.parse(await readFile('package.json', 'utf8')) as { main: string }
const host = await startHost({
  port: 0,
  hostJson: await readHostJson('host.json'),
  load: () => import(pathToFileURL(join(process.cwd(), main)).href),
  queueService: connection => QueueServiceClient.fromConnectionString(String(process.env[connection])),
  setting: name => process.env[name],
  log: (level, message, fields) => {
    if (level === 'error') console.error(JSON.stringify({ level, message, ...fields }))
  },
})
console.log(JSON.stringify({ url: host.url, functions: host.functions() }))
process.stdin.resume().once('end', () => process.exit())
