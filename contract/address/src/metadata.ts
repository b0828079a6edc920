import { carriedAddresses, parseAddress, startsWith } from './address.ts';

/**
 * Where clouds answer a machine's own credentials to whoever can reach them. No permission covers
 * these: there is no model behind them, and a server that calls them can be made to give itself away.
 */
const ADDRESSES = [
  '100.100.100.200', // Alibaba
  '168.63.129.16', // Azure's wire server
  '192.0.0.192', // Oracle, classic
  'fd00:ec2::254', // AWS
  'fd00:ec2::23', // AWS, credentials of pods
  'fd20:ce::254', // Google
  'fd00:42::42', // Scaleway
].map((text) => String(parseAddress(text)));

const NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.tencentyun.com',
  'metadata.azure.internal',
  'instance-data',
  'instance-data.ec2.internal',
]);

const isLinkLocal = (bytes: Uint8Array): boolean =>
  bytes.length === 4
    ? startsWith(bytes, [169, 254])
    : bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;

/** A host, by name or address, in any spelling that a URL or a resolver gives. */
export function isMetadataHost(host: string): boolean {
  const bytes = parseAddress(host);
  if (bytes === null) return NAMES.has(host.toLowerCase().replace(/\.$/, ''));
  return [bytes, ...carriedAddresses(bytes)].some(
    (each) => isLinkLocal(each) || ADDRESSES.includes(String(each)),
  );
}
