import type { OnOutage } from './virtual-key.ts';

/** The name in the metadata of a key or a team. */
export const OUTAGE_FIELD = 'on_outage';

export const isOnOutage = (value: unknown): value is OnOutage =>
  value === 'open' || value === 'closed';

/** The key's own word, else its team's. A team that says `closed` means all of its keys; so does what cannot be read. */
export function readOnOutage(own: unknown, ofTeam: unknown): OnOutage {
  const said = [own, ofTeam].filter((value) => value !== undefined && value !== null);
  return said.length > 0 && said.every((value) => value === 'open') ? 'open' : 'closed';
}
