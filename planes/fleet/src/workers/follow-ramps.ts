import type { FleetParts } from '../parts.ts';
import { readRamps } from './versions.sql.ts';

/**
 * Ends the polls of workers that have come under another ramp of their pool: they come back at once, and
 * are asked for by the ramp that there is now.
 */
export async function followRamps({
  claims,
  directory,
  dispatch,
}: Pick<FleetParts, 'claims' | 'directory' | 'dispatch'>): Promise<void> {
  const waiting = claims.waitingRecords();
  if (waiting.length === 0) return;
  const ramps = await readRamps(dispatch, [
    ...new Set(waiting.map(({ capabilities: { orgId } }) => orgId)),
  ]);
  for (const { id, capabilities } of waiting) {
    const { orgId, pool, ramp } = capabilities;
    const now = ramps.get(`${orgId} ${pool}`);
    if (now?.version === ramp?.version && now?.percent === ramp?.percent) continue;
    directory.forget(id);
    claims.dismiss(id);
  }
}
