import { createHash } from 'node:crypto';

import { type Deployment, placeOf } from './deployment.ts';

const HEX_LENGTH = 16;
const known = new WeakMap<Deployment, string>();

/**
 * Which state of a deployment answered: its provider's name of the model, and a digest of what decides its answers
 * and their price. Another one once any of that was changed; the same on every server and after a restart. Of its
 * address, nothing that may be a credential (M6).
 */
export function modelProfile(deployment: Deployment): string {
  const found = known.get(deployment);
  if (found !== undefined) return found;
  const { upstreamModel, endpoint, price, media, outputTokensMax, contextTokensMax } = deployment;
  const limits = [outputTokensMax ?? null, contextTokensMax ?? null];
  const decisive = [endpoint.provider, placeOf(endpoint), upstreamModel, price, media, limits];
  const digest = createHash('sha256').update(JSON.stringify(decisive, sorted)).digest('hex');
  const profile = `${upstreamModel}@${digest.slice(0, HEX_LENGTH)}`;
  known.set(deployment, profile);
  return profile;
}

/** The same text in whatever order the fields were written. */
function sorted(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
