/** A lake of any size as List Blobs writes it, made from the number of each blob: the same in every run. */

const REGIONS = ['eu-north', 'eu-west', 'us-east', 'us-west', 'latin-america', 'apac']
const DATASETS = ['orders', 'invoices', 'shipments', 'clickstream', 'sensor-readings', 'customer_accounts']
const FILES_PER_DAY = 20
const DAYS_PER_MONTH = 28
const SECOND = 1000
const WRITTEN = Date.UTC(2026, 0, 5, 10, 11, 12)
/** One blob of so many is of each of these kinds. */
const [SPACED_EVERY, COPIED_EVERY, DESCRIBED_EVERY] = [97, 53, 10]

/** 60 to 120 characters, ascending with the number. */
export function nameOf(number: number): string {
  const file = number % FILES_PER_DAY
  const day = Math.floor(number / FILES_PER_DAY)
  const month = Math.floor(day / DAYS_PER_MONTH)
  const region = REGIONS[number % REGIONS.length] ?? ''
  const dataset = DATASETS[month % DATASETS.length] ?? ''
  const folder = `curated/t${pad(month, 5)}/${dataset}/year=2026/day=${pad(1 + (day % DAYS_PER_MONTH), 2)}`
  const name = number % SPACED_EVERY === 0 ? `part-${pad(file, 5)} R&D für` : `part-${pad(file, 5)}`
  return `${folder}/${name}-${hexOf(number, 8)}-${region}.c000.snappy.parquet`
}

/** As Azure writes it for an account without a hierarchical namespace, asked for metadata and copies. */
export function blobText(number: number): string {
  const time = new Date(WRITTEN + number * SECOND).toUTCString()
  return [
    `<Blob><Name>${nameOf(number).replaceAll('&', '&amp;')}</Name><Properties>`,
    `<Creation-Time>${time}</Creation-Time><Last-Modified>${time}</Last-Modified>`,
    `<Etag>0x8DE4C${hexOf(number, 10).toUpperCase()}</Etag><Content-Length>${1000 + ((number * 7919) % 90_000_000)}</Content-Length>`,
    '<Content-Type>application/octet-stream</Content-Type><Content-Encoding /><Content-Language /><Content-CRC64 />',
    `<Content-MD5>${Buffer.from(hexOf(number, 16)).toString('base64')}</Content-MD5><Cache-Control /><Content-Disposition />`,
    '<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier><AccessTierInferred>true</AccessTierInferred>',
    '<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState>',
    number % COPIED_EVERY === 0 ? copyText(number, time) : '',
    '<ServerEncrypted>true</ServerEncrypted></Properties>',
    number % DESCRIBED_EVERY === 0
      ? `<Metadata><pipeline>nightly</pipeline><run>${number}</run></Metadata>`
      : '<Metadata />',
    '<OrMetadata /></Blob>',
  ].join('')
}

function copyText(number: number, time: string): string {
  const id = `${hexOf(number, 8)}-0000-0000-0000-000000000000`
  return `<CopyId>${id}</CopyId><CopySource>https://contosolanding.blob.core.windows.net/in/${number}</CopySource><CopyStatus>success</CopyStatus><CopyProgress>1000/1000</CopyProgress><CopyCompletionTime>${time}</CopyCompletionTime>`
}

/** Looks random; up to 16 digits. */
function hexOf(number: number, length: number): string {
  const mixed = (BigInt(number + 1) * 0x9e3779b97f4a7c15n) & 0xffff_ffff_ffff_ffffn
  return mixed.toString(16).padStart(16, '0').slice(0, length)
}

function pad(value: number, length: number): string {
  return String(value).padStart(length, '0')
}
