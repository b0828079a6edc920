import { isIP } from 'node:net';

import type { TellsPlace } from './forward.ts';

/** Who is told at which address a provider could not be reached: it is a place inside somebody's network. */
export function tellsPlaceTo(who: 'local' | 'everyone' | 'nobody'): TellsPlace {
  if (who !== 'local') return () => who === 'everyone';
  return ({ request: { ip, headers } }) =>
    isLoopback(ip) &&
    isLoopbackHost(headers.host ?? '') &&
    FORWARDED.every((name) => headers[name] === undefined);
}

/** With one of these, whoever is on this machine is a proxy, and its caller is somewhere else. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/** Whoever is here calls the server so; what a proxy without headers passes on has the name that others know. */
function isLoopbackHost(host: string): boolean {
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return name === 'localhost' || isLoopback(name);
}

function isLoopback(ip: string): boolean {
  const plain = ip.replace(/^::ffff:/i, '');
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
