import { Fault } from '@sagewai/fault';
import type { Tx } from '@sagewai/postgres';
import type { PollerOptions } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import { forgetPoll, planPoll } from './polls.sql.ts';
import { sealSecret } from './trigger-secret.ts';
import type { TriggerRow } from './trigger.ts';
import { replaceSecret } from './triggers.sql.ts';

interface Change {
  readonly poller?: PollerOptions | undefined;
  readonly secret?: string | undefined;
}

/**
 * X10. A secret goes to the place that it was given for: whoever names another one gives it again, since a secret
 * that is shown to nobody could be sent to anybody.
 */
export function demandPollerChange(
  { checkUrl }: Pick<FleetParts, 'checkUrl'>,
  old: TriggerRow,
  { poller, secret }: Change,
): void {
  if (secret !== undefined && old.kind !== 'poller') {
    throw mistaken('/secret', 'is replaced by rotate');
  }
  if (poller === undefined) return;
  checkUrl(poller.url);
  const { url } = old.options as PollerOptions;
  const isElsewhere = new URL(poller.url).origin !== new URL(url).origin;
  if (isElsewhere && secret === undefined && old.secretSealed !== null) {
    throw mistaken('/secret', 'is missing: it was given for another host, and is given again');
  }
}

/** What goes with other options: it asks soon, as a new one where it looks at other items. */
export async function changePoller(
  parts: FleetParts,
  tx: Tx,
  { old, poller, secret }: Change & { readonly old: TriggerRow },
): Promise<void> {
  if (secret !== undefined) {
    const sealed = sealSecret(parts, old.id, secret);
    await replaceSecret(tx, { id: old.id, sealed, overlapMs: 0 });
  }
  if (poller === undefined) return;
  if (hasOtherItems(old.options as PollerOptions, poller)) await forgetPoll(tx, old.id);
  if (old.enabled) await planPoll(tx, old, 0);
}

const hasOtherItems = (old: PollerOptions, poller: PollerOptions): boolean =>
  (['url', 'items', 'item_key'] as const).some((name) => old[name] !== poller[name]);

function mistaken(path: string, message: string): Fault {
  return new Fault('request.invalid', 'a trigger cannot be changed so', {
    detail: `${path.slice(1)} ${message}.`,
    mistakes: [{ part: 'body', path, message }],
  });
}
