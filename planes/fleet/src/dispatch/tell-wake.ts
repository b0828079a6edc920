import type { FleetOptions } from '../fleet-options.ts';
import { WAKE_CHANNEL } from './hints.ts';
import { notifyWake } from './wakes.sql.ts';

/** The replica that tells hears itself. */
const LISTENERS_MIN = 2;

/**
 * Tells the other replicas by Redis; by the database where there is none, or where nobody else was heard to
 * listen: one that has lost its Redis alone still has the sweep.
 */
export async function tellWake(
  payload: string,
  {
    redis,
    dispatch,
    woke,
  }: Pick<FleetOptions, 'redis' | 'dispatch'> & { readonly woke: () => void },
): Promise<void> {
  const listeners = (await redis?.publish(WAKE_CHANNEL, payload)) ?? 0;
  if (listeners >= LISTENERS_MIN) return;
  await notifyWake(dispatch, payload);
  woke();
}
