import { inspectEmbeddedPostgres } from '@sagewai/embedded-postgres';

import { claimPort } from './claim-port.ts';

/** The port to serve on. Throws what the user can do when it cannot be had. */
export async function findPort(wanted: number, home: string): Promise<number> {
  const claim = await claimPort(wanted);
  if (claim.kind === 'free') return claim.port;
  if (claim.kind === 'forbidden') {
    throw new Error(
      `This user may not listen on port ${wanted}. Choose one above 1023:\n` +
        `  npm run up -- --port 8000`,
    );
  }
  const { owner } = await inspectEmbeddedPostgres(home);
  if (owner.kind === 'held') {
    throw new Error(
      `Sagewai is up on this home already (process ${owner.ownerPid ?? 'unknown'}, ${home}). ` +
        `Use that one, stop it,\nor start another beside it:\n` +
        `  npm run up -- --home ${home}-2 --port ${wanted + 1}`,
    );
  }
  throw new Error(
    `Port ${wanted} is taken by another program. Stop that one, or choose another port:\n` +
      `  npm run up -- --port ${wanted + 1}`,
  );
}
