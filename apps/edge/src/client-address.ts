import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

import { ConfigError } from '@sagewai/config';

/** Whether an address is one of the believed proxies in front. Throws `ConfigError`. */
export function readTrusted(list: readonly string[]): (address: string) => boolean {
  if (list.length === 0) return () => false;
  const known = new BlockList();
  for (const entry of list) {
    const [address = '', bits] = entry.split('/');
    const family = familyOf(address);
    const length = Number(bits);
    const longest = family === 'ipv4' ? 32 : 128;
    if (family === null || (bits !== undefined && !(length >= 0 && length <= longest))) {
      throw new ConfigError([
        `SAGE_EDGE_TRUSTED_PROXIES: expected addresses or ranges (10.0.0.0/8)`,
      ]);
    }
    if (bits === undefined) known.addAddress(address, family);
    else known.addSubnet(address, length, family);
  }
  return (address) => {
    const family = familyOf(address);
    return family !== null && known.check(address, family);
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' | null {
  const version = isIP(address);
  return version === 0 ? null : version === 4 ? 'ipv4' : 'ipv6';
}

/** An IPv4 address in IPv6 clothes is itself. */
const bare = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

/** Who asks: the last address on the way that no believed proxy has. */
export function clientAddress(
  request: IncomingMessage,
  isTrusted: (address: string) => boolean,
): { readonly address: string; readonly isTrusted: boolean } {
  const peer = bare(request.socket.remoteAddress ?? '');
  if (!isTrusted(peer)) return { address: peer, isTrusted: false };
  const given = request.headers['x-forwarded-for'];
  const way = typeof given === 'string' ? given.split(',').map((each) => bare(each.trim())) : [];
  const address = way.findLast((each) => !isTrusted(each));
  return { address: address ?? peer, isTrusted: true };
}
