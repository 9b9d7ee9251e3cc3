/** Reads a whole container in one of the ways that are compared, and keeps nothing of it. */
import { readFileSync } from 'node:fs'
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { createBlobLake } from '../../../src/azure/blob-lake.ts'
import { DEV_ACCOUNT, DEV_KEY } from '../../../src/emulators/lake/azurite.ts'
import { answerParent } from '../intake/child.ts'

export type Way = 'sdk' | 'bytes' | 'ours'

export interface Reading {
  way: Way
  serviceUrl: string
  container: string
  /** The container's address with a shared access signature, for requests that nothing signs. */
  signedUrl: string
  /** Read the container again and again until that many blobs were read; at least once. */
  blobs: number
}

export interface Read {
  /** In all; `bytes` reads none. */
  blobs: number
  ms: number
  cpuMs: number
  peakBytes: number
}

const PAGE = 5000
const KILOBYTE = 1024
const MARKER = /<NextMarker>([^<]*)<\/NextMarker><\/EnumerationResults>$/
/** More than a marker is long. */
const TAIL_BYTES = 2000

const ways: Record<Way, (reading: Reading) => Promise<number>> = {
  async sdk({ serviceUrl, container }) {
    let blobs = 0
    const pages = connect(serviceUrl)
      .getContainerClient(container)
      .listBlobsFlat({ includeMetadata: true, includeCopy: true })
      .byPage({ maxPageSize: PAGE })
    for await (const { segment } of pages) blobs += segment.blobItems.length
    return blobs
  },

  async bytes({ signedUrl }) {
    let marker: string | undefined
    do {
      const query = `restype=container&comp=list&maxresults=${PAGE}&include=metadata,copy`
      const from = marker === undefined ? '' : `&marker=${encodeURIComponent(marker)}`
      const response = await fetch(`${signedUrl}&${query}${from}`)
      if (!response.ok) throw new Error(`the listing was answered ${response.status}`)
      const tail = Buffer.from(await response.arrayBuffer())
        .subarray(-TAIL_BYTES)
        .toString()
      marker = MARKER.exec(tail)?.[1]
    } while (marker !== undefined && marker !== '')
    return 0
  },

  async ours({ serviceUrl, container }) {
    const lake = createBlobLake(() => connect(serviceUrl))
    let blobs = 0
    let continuation: string | undefined
    do {
      const page = await lake.listFlat(
        { account: DEV_ACCOUNT, container, prefix: '' },
        { limit: PAGE, continuation },
      )
      blobs += page.items.length
      continuation = page.continuation
    } while (continuation !== undefined)
    return blobs
  },
}

answerParent({
  async read(reading: Reading): Promise<Read> {
    const [cpu, begun] = [process.cpuUsage(), performance.now()]
    let blobs = 0
    do blobs += await ways[reading.way](reading)
    while (blobs > 0 && blobs < reading.blobs)
    const [ms, used] = [performance.now() - begun, process.cpuUsage(cpu)]
    return { blobs, ms, cpuMs: (used.user + used.system) / 1000, peakBytes: peakBytes() }
  },
})

function connect(serviceUrl: string): BlobServiceClient {
  return new BlobServiceClient(serviceUrl, new StorageSharedKeyCredential(DEV_ACCOUNT, DEV_KEY))
}

/** The most memory that this process has had; Linux counts anew for each program, others from its parent on. */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * KILOBYTE
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) * KILOBYTE
}
