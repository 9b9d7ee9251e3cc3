/** The event of a finished upload to the local lake, as Event Grid sends it: `sales/eu/<name>.csv` in silver. */
export function salesEvent(name: string) {
  return {
    topic: '/subscriptions/0/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/devstoreaccount1',
    subject: `/blobServices/default/containers/silver/blobs/sales/eu/${name}.csv`,
    eventType: 'Microsoft.Storage.BlobCreated',
    eventTime: new Date().toISOString(),
    id: name,
    data: { api: 'PutBlob', eTag: '0x1', contentLength: 3, sequencer: '1' },
    dataVersion: '',
    metadataVersion: '1',
  }
}

/** Posts a body to the function's webhook, as Event Grid does. */
export function postEvents(
  service: string,
  body: unknown,
  functionName = 'onBlobEvent',
  type = 'Notification',
): Promise<Response> {
  return fetch(`${service}/runtime/webhooks/EventGrid?functionName=${functionName}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'aeg-event-type': type },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}
