import type { FleetParts } from '../parts.ts';

/**
 * Ends the polls of workers that have come under another ramp of their pool: they come back at once, and
 * are asked for by the ramp that there is now.
 */
export async function followRamps({
  claims,
  directory,
  poolSettings,
}: Pick<FleetParts, 'claims' | 'directory' | 'poolSettings'>): Promise<void> {
  for (const { id, capabilities } of claims.waitingRecords()) {
    const { orgId, pool, ramp } = capabilities;
    const { ramp: now } = await poolSettings.find({ orgId, pool });
    if (now?.version === ramp?.version && now?.percent === ramp?.percent) continue;
    directory.forget(id);
    claims.dismiss(id);
  }
}
