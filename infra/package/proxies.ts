/** Those of the SDKs' own dependencies that they speak to a proxy with. */
export { HttpProxyAgent } from 'http-proxy-agent'
export { HttpsProxyAgent } from 'https-proxy-agent'
