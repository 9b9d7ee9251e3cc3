/** Run as a process of its own: a host whose invocations leave errors behind. */
import { QueueServiceClient } from '@azure/storage-queue'
import { parseHostJson, startHost } from '../../../src/host/host.ts'
import { eventually } from '../host-world.ts'

const left: unknown[] = []
const host = await startHost({
  port: 0,
  hostJson: parseHostJson('{"version": "2.0"}'),
  load: () => import('./stray-entry.ts'),
  queueService: () => new QueueServiceClient('http://127.0.0.1:9/nowhere'),
  setting: () => undefined,
  log: (_, message, fields) => {
    if (message === 'a function left an error behind') left.push(fields?.error)
  },
})

if (process.argv[2] === 'elsewhere') void Promise.reject(new Error('stray error of the process'))
else {
  for (const name of ['rejection', 'exception']) {
    console.log(name, (await fetch(`${host.url}/api/${name}`)).status)
  }
  await eventually(
    () => left.length,
    length => length === 2,
  )
  for (const error of left) console.log(`left: ${error}`)
  await host.close({ graceMs: 1000 })
  console.log('closed')
}
