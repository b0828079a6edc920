import type { Mailer } from '@sagewai/mail';
import { type Db, inTenant } from '@sagewai/postgres';
import type { Counter } from '@sagewai/telemetry';
import type { OrganizationId } from '@sagewai/wire';

import { decideDelivery } from './decide-delivery.ts';
import { findDue } from './deliveries.sql.ts';
import { type OutgoingEmail, planEmails, recordEmail, takeEmails } from './emails.sql.ts';
import type { TrustSettings } from './settings.ts';

export interface EmailOptions {
  readonly db: Db;
  /** Null: this server sends none. */
  readonly mailer: Mailer | null;
  readonly settings: TrustSettings;
  readonly emails: Counter<'outcome'>;
}

const ORGANIZATIONS_PER_ROUND = 100;
const EMAILS_PER_ROUND = 20;

/** One round: sends what is due. Several replicas may do it at once. */
export async function sendEmails(options: EmailOptions, signal: AbortSignal): Promise<void> {
  const { db, settings } = options;
  for (const orgId of await findDue(db, 'emails', ORGANIZATIONS_PER_ROUND)) {
    if (signal.aborted) return;
    const take = { holdMs: settings.sendTimeoutMs * EMAILS_PER_ROUND, limit: EMAILS_PER_ROUND };
    const due = await inTenant(db, [orgId], (tx) => takeEmails(tx, take));
    for (const email of due) await send(options, orgId, email);
    await inTenant(db, [orgId], (tx) => planEmails(tx, orgId, settings.deliveriesKeptMs));
  }
}

async function send(
  { db, mailer, settings, emails }: EmailOptions,
  orgId: OrganizationId,
  { id, receiver: to, subject, body: text, messageId, attempts }: OutgoingEmail,
): Promise<void> {
  const sent =
    mailer === null
      ? ({ kind: 'failed', error: 'this server sends no e-mail: SMTP_URL', isFinal: true } as const)
      : await mailer.send({ to, subject, text, messageId });
  const status = sent.kind === 'sent' ? 200 : null;
  const retryMs = sent.kind === 'failed' && sent.isFinal ? [] : settings.deliveryRetryMs;
  const end = decideDelivery({ status, attempts }, retryMs, Math.random());
  emails.add({ outcome: end.kind });
  await inTenant(db, [orgId], (tx) =>
    recordEmail(tx, {
      id,
      error: sent.kind === 'failed' ? sent.error : null,
      end:
        end.kind === 'again'
          ? { againAfterMs: end.afterMs }
          : end.kind === 'delivered'
            ? 'delivered'
            : 'failed',
    }),
  );
}
