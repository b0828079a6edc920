import { createServer } from 'node:net';

/** The port itself when it is free (for 0, one that is), else null. */
export async function claimPort(port: number): Promise<number | null> {
  const probe = createServer();
  try {
    return await new Promise<number | null>((resolve) => {
      probe.once('error', () => resolve(null));
      probe.listen(port, '127.0.0.1', () => {
        const address = probe.address();
        resolve(typeof address === 'object' && address ? address.port : null);
      });
    });
  } finally {
    probe.close();
  }
}
