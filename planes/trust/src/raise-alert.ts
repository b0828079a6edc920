import { newId } from '@sagewai/crypto';
import type { Tx } from '@sagewai/postgres';
import type { AlertType, OrganizationId } from '@sagewai/wire';

import { type Alert, queueAlert } from './deliveries.sql.ts';

export interface RaisedAlert {
  readonly orgId: OrganizationId;
  readonly type: AlertType;
  readonly at: Date;
  /** Without secrets: it leaves the house. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

/** Tells every webhook that wants it, once the caller's transaction commits (T7). */
export async function raiseAlert(tx: Tx, alert: RaisedAlert): Promise<void> {
  await queueAlert(tx, messageOf(alert));
}

export const messageOf = ({ orgId, type, at, data }: RaisedAlert): Alert => ({
  orgId,
  type,
  messageId: `msg_${newId()}`,
  body: JSON.stringify({ type, timestamp: at.toISOString(), organization_id: orgId, data }),
});
