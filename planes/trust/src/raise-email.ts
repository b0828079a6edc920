import { newId } from '@sagewai/crypto';
import type { Tx } from '@sagewai/postgres';

import { type NewEmail, queueEmails } from './emails.sql.ts';
import type { RaisedAlert } from './raise-alert.ts';

export interface RaisedEmail extends RaisedAlert {
  /** One line. */
  readonly title: string;
  readonly receivers: readonly string[];
}

/** Tells people once the caller's transaction commits (T7). */
export async function raiseEmail(tx: Tx, raised: RaisedEmail): Promise<void> {
  await queueEmails(tx, emailOf(raised));
}

/** Plain text, a fact a line. */
export function emailOf({ orgId, type, at, title, data, receivers }: RaisedEmail): NewEmail {
  const facts = Object.entries({ ...data, organization_id: orgId, at: at.toISOString() });
  return {
    orgId,
    eventType: type,
    messageId: `<${newId()}@sagewai>`,
    receivers,
    subject: `[sagewai] ${title}`.replaceAll(/[\r\n]+/g, ' '),
    body: `${title}\n\n${facts.map(([name, value]) => `${name}: ${String(value)}`).join('\n')}\n`,
  };
}
