/** The package has no types of its own. */
declare module 'parse-prometheus-text-format' {
  interface Family {
    name: string
    help: string
    /** In capitals. */
    type: string
    metrics: { value: string; labels?: Record<string, string> }[]
  }
  /** Throws where a line is not of the format. */
  function parsePrometheusTextFormat(text: string): Family[]
  export default parsePrometheusTextFormat
}
