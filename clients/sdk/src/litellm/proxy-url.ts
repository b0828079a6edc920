import { isMetadataHost } from '@sagewai/address';

/**
 * Reads the address of a proxy, which may stand in a file that somebody else wrote: only HTTP, nothing of a
 * credential, a query or a fragment in it, and never where a cloud hands out a machine's own credentials. Private
 * addresses are fine; that is where proxies are.
 *
 * @throws TypeError that says what is wrong, without the parts that may be secret.
 */
export function readProxyUrl(text: string): URL {
  if (!URL.canParse(text)) throw new TypeError('the address of the proxy is no URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`the address of the proxy must be http or https, not ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('the address of the proxy must not hold a name or a password; use apiKey');
  }
  if (url.search !== '' || url.hash !== '') {
    throw new TypeError('the address of the proxy must not hold a query or a fragment');
  }
  if (isMetadataHost(url.hostname)) {
    throw new TypeError(`${url.hostname} is where a cloud answers credentials, and no proxy`);
  }
  return url;
}
