import { isLive, listBreakGlass } from '@sagewai/identity';
import type { Executor } from '@sagewai/postgres';

import { type Finding, warning } from '../finding.ts';

/** G3. What was used lately is shown for so long. */
const SHOWN_MS = 7 * 86_400_000;

/** A way in for emergencies that is open, or was used in the last days; nothing where there is none. */
export async function checkBreakGlass(db: Executor, now: Date): Promise<Finding[]> {
  const all = await listBreakGlass(db);
  return all.flatMap((one) => {
    const used =
      one.usedAt === null
        ? 'not used yet'
        : `used since ${one.usedAt.toISOString()} from ${one.usedAddress}`;
    if (isLive(one, now)) {
      const found = `BREAK-GLASS IS OPEN until ${one.expiresAt.toISOString()}, ${used}: ${one.reason}`;
      const mend = `\`sagewai break-glass --revoke ${one.id}\` ends it.`;
      return [warning('emergency', found, mend)];
    }
    if (one.usedAt === null || now.getTime() - one.usedAt.getTime() > SHOWN_MS) return [];
    const found = `break-glass was ${used}: ${one.reason}`;
    const mend = 'The audit log has each request by it: identity.useBreakGlass.';
    return [warning('emergency', found, mend)];
  });
}
