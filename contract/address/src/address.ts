import { isIPv4, isIPv6 } from 'node:net';

/** An IP address in bytes, four or sixteen; null when it is none. A zone (`%eth0`) is ignored. */
export function parseAddress(text: string): Uint8Array | null {
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  if (isIPv4(bare)) return Uint8Array.from(bare.split('.'), Number);
  if (!isIPv6(bare)) return null;
  const [left = '', right] = bare.split('::');
  const head = groupBytes(left);
  const tail = groupBytes(right ?? '');
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

function groupBytes(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** Where an IPv6 address carries an IPv4 one, as routers and translators read it. */
const CARRIERS: readonly { readonly prefix: readonly number[]; readonly at: readonly number[] }[] =
  [
    { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], at: [12, 13, 14, 15] }, // mapped
    { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], at: [12, 13, 14, 15] }, // compatible
    { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], at: [12, 13, 14, 15] }, // translated (SIIT)
    { prefix: [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], at: [12, 13, 14, 15] }, // NAT64
    { prefix: [0, 0x64, 0xff, 0x9b, 0, 1], at: [12, 13, 14, 15] }, // NAT64 at a site, /96
    { prefix: [0, 0x64, 0xff, 0x9b, 0, 1], at: [6, 7, 9, 10] }, // NAT64 at a site, /48
    { prefix: [0x20, 0x02], at: [2, 3, 4, 5] }, // 6to4
  ];
const TEREDO = [0x20, 0x01, 0, 0];
const ISATAP = [0x5e, 0xfe];

/** Every IPv4 address that this IPv6 address may lead to. */
export function carriedAddresses(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length !== 16) return [];
  const carried = CARRIERS.filter(({ prefix }) => startsWith(bytes, prefix)).map(({ at }) =>
    Uint8Array.from(at, (index) => bytes[index] ?? 0),
  );
  if (startsWith(bytes, TEREDO))
    carried.push(
      bytes.slice(4, 8),
      bytes.slice(12).map((each) => ~each),
    );
  if (startsWith(bytes.subarray(10), ISATAP)) carried.push(bytes.slice(12));
  return carried;
}

export const startsWith = (bytes: Uint8Array, prefix: readonly number[]): boolean =>
  prefix.every((byte, index) => bytes[index] === byte);
