import { carriedAddresses, parseAddress, startsWith } from './address.ts';

/** Where only somebody inside a network can call. */
const PREFIXES: readonly (readonly number[])[] = [[0], [10], [127], [192, 168], [192, 0, 0]];

function isPrivateV4(bytes: Uint8Array): boolean {
  const [a = 0, b = 0] = bytes;
  return (
    PREFIXES.some((prefix) => startsWith(bytes, prefix)) ||
    (a === 172 && b >= 16 && b <= 31) ||
    (a === 100 && b >= 64 && b <= 127) || // behind a carrier's translator
    (a === 198 && (b === 18 || b === 19)) || // benchmarks
    a >= 224 // many at once, or none
  );
}

function isPrivateV6(bytes: Uint8Array): boolean {
  const isLow = bytes.subarray(0, 15).every((byte) => byte === 0); // `::` and `::1`
  const first = bytes[0] ?? 0;
  return isLow || (first & 0xfe) === 0xfc || first === 0xff;
}

/** An address, in any spelling, that is not of the public internet. False for names: look them up. */
export function isPrivateAddress(text: string): boolean {
  const bytes = parseAddress(text);
  if (bytes === null) return false;
  if (bytes.length === 4) return isPrivateV4(bytes);
  return isPrivateV6(bytes) || carriedAddresses(bytes).some(isPrivateV4);
}
