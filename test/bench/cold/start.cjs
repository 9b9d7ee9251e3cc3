// Loads an app as Azure's worker does, and is gone as soon as that is done: `start.cjs ENTRY registered|asked|answered|settled`.
const { pathToFileURL } = require('node:url')
const { flushCompileCache } = require('node:module')

const [entry = '', until] = process.argv.slice(2)
const EVENT = {
  topic: '/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/devstoreaccount1',
  subject: `/blobServices/default/containers/silver/blobs/sales/eu/${process.pid}.csv`,
  eventType: 'Microsoft.Storage.BlobCreated',
  eventTime: '2026-01-31T12:00:00Z',
  id: 'cold',
  data: { api: 'PutBlob', eTag: '0x1', contentLength: 3, sequencer: '1' },
  dataVersion: '',
  metadataVersion: '1',
}

if (entry.endsWith('.ts')) import(pathToFileURL(entry).href).then(go)
else {
  require(entry)
  go()
}

function go() {
  // @ts-expect-error: found by NODE_PATH
  const { callbacks } = require('@azure/functions-core')
  const handle = callbacks.get('onBlobEvent')
  if (handle === undefined) throw new Error('onBlobEvent is not registered')
  // A worker does not end, it is killed: what Node would do at its end is no part of the start.
  if (until === 'registered') process.kill(process.pid, 'SIGKILL')
  const handled = handle([EVENT])
  if (until === 'answered') handled.then(() => process.kill(process.pid, 'SIGKILL'))
  // Otherwise nothing may ever answer: whoever measures sees the first request and ends this process.
  if (until === 'settled') setTimeout(keepAndEnd, 2000)
}

/** What V8 has compiled, all the way to the first request, for the starts to come. */
function keepAndEnd() {
  flushCompileCache()
  process.kill(process.pid, 'SIGKILL')
}
