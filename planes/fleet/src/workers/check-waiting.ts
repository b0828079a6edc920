import type { FleetParts } from '../parts.ts';
import { followRamps } from './follow-ramps.ts';
import { findUnapproved } from './workers.sql.ts';

/** Ends the polls of workers that may not claim any more, as this replica was perhaps not told. */
export async function checkWaiting(parts: FleetParts): Promise<void> {
  const { dispatch, claims, directory } = parts;
  const waiting = [...claims.waitingWorkers()];
  if (waiting.length === 0) return;
  for (const id of await findUnapproved(dispatch, waiting)) {
    directory.forget(id);
    claims.dismiss(id);
  }
  await followRamps(parts);
}
