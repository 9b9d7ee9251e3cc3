import {
  createDefaultHttpClient,
  type HttpClient,
  type PipelineRequest,
  RestError,
} from '@azure/core-rest-pipeline'

const MEBIBYTE = 1024 * 1024

/** An answer about one thing, or a refusal: ARM takes requests of up to 4 MiB, so that nothing larger can be there. */
export const MAX_ANSWER_BYTES = 4 * MEBIBYTE
/**
 * A page of versions, of which a hundred are asked for: one of ours has at most 25,000 characters of tags, properties
 * and description, and a character at most six bytes, where JSON escapes it. That makes 15 MB; most have some 200 kB.
 */
export const MAX_PAGE_BYTES = 32 * MEBIBYTE

/** As the SDKs have it, and one for all: connections are kept in it. */
const own = createDefaultHttpClient()

interface Options {
  /** How requests are sent. It has to report its progress, as that of the SDKs does. */
  httpClient?: HttpClient | undefined
  /** Left out: every answer is about one thing. */
  maxBytesOf?: (request: PipelineRequest) => number
}

/**
 * How any client of an SDK sends requests so that no answer takes more memory than it should. The bytes are counted as
 * they come, after they are unpacked; with the first one too many the connection is destroyed, and the call rejects
 * with a RestError of code `AnswerTooLarge`, without a status, whichever the answer had. That may pass, as what has made
 * up the answer may; the SDKs do not repeat it.
 */
export function boundAnswers({
  httpClient = own,
  maxBytesOf = () => MAX_ANSWER_BYTES,
}: Options = {}): HttpClient {
  return {
    async sendRequest(request) {
      const maxBytes = maxBytesOf(request)
      let refusal: RestError | undefined
      // The same request comes again where the SDK repeats it.
      request.onDownloadProgress = ({ loadedBytes }) => {
        if (loadedBytes <= maxBytes) return
        // What is thrown here ends the stream; the SDK then tells of a body that it could not read.
        refusal = new RestError(`it has more than ${maxBytes / MEBIBYTE} MiB`, { code: 'AnswerTooLarge' })
        throw refusal
      }
      try {
        return await httpClient.sendRequest(request)
      } catch (error) {
        throw refusal ?? error
      }
    },
  }
}
