import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

import { isMetadataHost } from '@sagewai/address';
import { Fault } from '@sagewai/fault';
import { buildConnector } from 'undici';

/** All addresses of a name, as the operating system has them. */
export type Resolve = (
  host: string,
  answer: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

export const systemResolve: Resolve = (host, answer) =>
  systemLookup(host, { all: true, order: 'verbatim' }, (error, addresses) => {
    // With an error there are no addresses at all, whatever the type says.
    answer(error, error === null ? addresses : []);
  });

/**
 * Opens connections for undici and refuses on the address that is really used: the one answer of the
 * resolver is both checked and connected to, so a name cannot point elsewhere in between (E2).
 */
export function guardedConnect(
  timeoutMs: number,
  resolve: Resolve,
  isRefused: (host: string) => boolean = isMetadataHost,
): buildConnector.connector {
  const lookup: LookupFunction = (host, options, answer) => {
    resolve(host, (error, addresses) => {
      const refused = addresses.some(({ address }) => isRefused(address)); // E1
      const [first] = addresses;
      if (error) answer(error, []);
      else if (refused) answer(refuseHost(host), []);
      else if (options.all) answer(null, [...addresses]);
      else answer(null, first?.address ?? '', first?.family);
    });
  };
  const connect = buildConnector({ timeout: timeoutMs, allowH2: false, lookup });
  return (options, opened) => {
    // Addresses written out are not looked up.
    if (isRefused(options.hostname)) opened(refuseHost(options.hostname), null); // E1
    else connect(options, opened);
  };
}

const refuseHost = (host: string): Fault =>
  new Fault('egress.refused', `${host} leads to an address that may not be called`);
