/**
 * What must never be read in a log, an answer, an error or a stored reason, whatever text it stands in. Each keeps what
 * tells that something stood there.
 */
const SECRETS: readonly [RegExp, string][] = [
  // Signatures of SAS and keys of functions, in an address or in one that stands encoded in another.
  [/([?&;](?:sig|code)=)[^&;\s"'<>#]+/gi, '$1…'],
  [/((?:%3F|%26|%3B)(?:sig|code)%3D)(?:(?!%26|%23)[^&\s"'<>])+/gi, '$1…'],
  // Connection strings, and the bodies in which tokens are asked for.
  [/((?:AccountKey|SharedAccessKey|SharedAccessSignature|AccessKey)=)[^;\s"']+/gi, '$1…'],
  [
    /(\b(?:client_secret|client_assertion|access_token|refresh_token|id_token|password|pwd)=)[^&;\s"']+/gi,
    '$1…',
  ],
  // A SAS whose signature comes first. Folders of partitions are called so too, and are shorter.
  [/((?:^|[\s"'])sig=)[\w%+/=-]{20,}/gi, '$1…'],
  // Bodies in JSON, also where they stand as a text in another.
  [
    /(["'](?:client_?secret|client_?assertion|(?:access|refresh|id|sas)_?token|password|(?:account|access|shared)_?key)\\*["']\s*:\s*\\*["'])[^\\"']+/gi,
    '$1…',
  ],
  // Headers. A scheme that is only spoken of is not followed by so much.
  [/(\bBearer\s+)[\w.~+/-]+=*/gi, '$1…'],
  [/(\bAuthorization[\\"']*\s*[:=]\s*[\\"']*(?:Basic|Digest)\s+)[^\s\\"',]+/gi, '$1…'],
  [/(\bSharedKey(?:Lite)?\s+[^:\s]+:)[^\s"']+/gi, '$1…'],
  // JSON Web Tokens, wherever they stand.
  [/\beyJ[\w-]{8,1000}\.[\w-]+(?:\.[\w-]*)?/g, '…'],
  // User and password, or a token alone, before the host, also where the address is encoded. Of abfss:// and wasbs:// it
  // is the container that stands there.
  [/(\b(?:git\+)?https?(?::|%3A)(?:\/|%2F){2})(?:(?!%2F|%3F|%23|%40)[^\s/?#@"'<>])+(?=@|%40)/gi, '$1…'],
  [
    /(\b[a-z][a-z0-9+.-]{0,20}(?::|%3A)(?:\/|%2F){2}(?:(?!%3A|%40|%2F)[^\s/?#@:"'<>])*(?::|%3A))(?:(?!%2F|%40)[^\s/?#@"'<>])+(?=@|%40)/gi,
    '$1…',
  ],
]

/** The text without the secrets that can be told by what stands around them, or by their form. */
export function redacted(text: string): string {
  return SECRETS.reduce((rest, [secret, instead]) => rest.replace(secret, instead), text)
}
