import { createServer } from 'node:net';

export type PortClaim =
  | { readonly kind: 'free'; readonly port: number }
  | { readonly kind: 'taken' }
  /** The system does not let this user listen there. */
  | { readonly kind: 'forbidden' };

/**
 * Whether the server can have this port; 0 means any. Somebody on the other `localhost`, `::1`, has it
 * too: clients that ask for `localhost` would reach that one.
 */
export async function claimPort(wanted: number): Promise<PortClaim> {
  const first = await tryPort(wanted, '127.0.0.1');
  if (first.kind !== 'free') return first;
  const other = await tryPort(first.port, '::1');
  return other.kind === 'taken' && wanted !== 0 ? other : first;
}

function tryPort(port: number, address: string): Promise<PortClaim> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', (error: NodeJS.ErrnoException) => {
      // Without IPv6 there is no `::1` that anybody could be on.
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') {
        resolve({ kind: 'free', port });
      } else resolve({ kind: error.code === 'EACCES' ? 'forbidden' : 'taken' });
    });
    probe.listen(port, address, () => {
      const bound = probe.address();
      const claimed = typeof bound === 'object' && bound ? bound.port : port;
      probe.close(() => resolve({ kind: 'free', port: claimed }));
    });
  });
}
