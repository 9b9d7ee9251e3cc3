/** Run as a process of its own: a parent of Azurite that can be killed. Says on one line what it started. */
import { startAzurite } from '../../../src/emulators/lake/azurite.ts'

process.on('SIGINT', () => console.log('parent: SIGINT'))
const { blobUrl, connectionString, pid } = await startAzurite({ location: process.argv[2] })
console.log(JSON.stringify({ blobUrl, connectionString, pid }))
