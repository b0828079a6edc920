import { BlockList, isIP } from 'node:net';

type Family = 'ipv4' | 'ipv6';

interface Range {
  readonly address: string;
  readonly family: Family;
  readonly prefix: number;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4 address that came over an IPv6 socket is that IPv4 address. */
export function plainAddress(address: string): string {
  const [bare = ''] = address.split('%');
  return MAPPED.exec(bare)?.[1] ?? bare;
}

/** The first of these that is no address and no range; null when all are. */
export function wrongCidr(cidrs: readonly string[]): string | null {
  return cidrs.find((cidr) => parse(cidr) === null) ?? null;
}

/** Whether an address is within one of the ranges; no ranges: any address is. */
export function allowsAddress(cidrs: readonly string[], address: string): boolean {
  if (cidrs.length === 0) return true;
  const plain = plainAddress(address);
  const family = familyOf(plain);
  if (family === null) return false;
  const list = new BlockList();
  for (const range of cidrs.map(parse)) {
    if (range?.family === family) list.addSubnet(range.address, range.prefix, range.family);
  }
  return list.check(plain, family);
}

function parse(cidr: string): Range | null {
  const [address = '', length, ...rest] = cidr.split('/');
  const family = familyOf(address);
  if (family === null || rest.length > 0) return null;
  const bits = family === 'ipv4' ? 32 : 128;
  if (length === undefined) return { address, family, prefix: bits };
  const prefix = Number(length);
  if (!/^\d{1,3}$/.test(length) || prefix > bits) return null;
  return { address, family, prefix };
}

function familyOf(address: string): Family | null {
  const version = isIP(address);
  if (version === 0) return null;
  return version === 4 ? 'ipv4' : 'ipv6';
}
