import type { Clock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { type Job, job } from '@sagewai/jobs';
import type { Mailer } from '@sagewai/mail';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import { listAlertEmails, type ProjectId, testAlertEmail } from '@sagewai/wire';

import { demandWhole } from './alert-routes.ts';
import { nameActor } from './auditor.ts';
import { createLetters, demandRoom, type Letters } from './create-letters.ts';
import { outboxDue } from './deliveries.sql.ts';
import { type EmailRow, listEmails, queueEmails } from './emails.sql.ts';
import { emailOf } from './raise-email.ts';
import { sendEmails } from './send-emails.ts';
import { TRUST_DEFAULTS, type TrustSettings } from './settings.ts';

export interface EmailsOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Null: this server sends none. */
  readonly mailer: Mailer | null;
  readonly settings?: Partial<TrustSettings>;
  /** The one project of a caller's credential. */
  readonly boundProject?: (caller: Caller) => ProjectId | null;
  /** Makes a job look now. */
  readonly nudge: (job: string) => void;
}

const JOB = 'trust.sendEmails';
const EMAILS_PER_PAGE = 100;

/** Alerts that go to people: the job that sends them, and what is known of each. */
export function createEmails(options: EmailsOptions): {
  routes: Route[];
  jobs: Job[];
  /** Null: this server sends none. */
  letters: Letters | null;
} {
  const settings = { ...TRUST_DEFAULTS, ...options.settings };
  const emails = options.metrics.counter({
    name: 'sagewai_alert_emails_total',
    help: 'Attempts to send an alert by e-mail, by what became of them.',
    labels: ['outcome'],
  });
  const { mailer } = options;
  return {
    letters: mailer && createLetters({ mailer, limits: settings }),
    routes: [
      implement(listAlertEmails, async ({ tx, query, caller }) => {
        demandWhole(options.boundProject?.(caller) ?? null);
        return { emails: (await listEmails(tx, query.limit ?? EMAILS_PER_PAGE)).map(toEmail) };
      }),
      implement(testAlertEmail, async ({ tx, orgId, body, caller, audit }) => {
        if (options.mailer === null) throw sendsNone();
        await demandRoom(tx, { orgId, to: body.to, limits: settings });
        audit.about('email', { receiver: body.to });
        const at = options.clock.now();
        const asked = {
          title: 'A test',
          data: { asked_by: nameActor(caller) },
          receivers: [body.to],
        };
        const [queued] = await queueEmails(
          tx,
          emailOf({ orgId, type: 'alert.test', at, ...asked }),
        );
        tx.onCommit(() => options.nudge(JOB));
        return toEmail(found(queued ?? null, 'It was not queued.'));
      }),
    ],
    jobs: [
      job({
        name: JOB,
        everyMs: settings.sendEveryMs,
        due: { inMs: () => outboxDue('emails'), atLeastEveryMs: 60_000 },
        runsOn: 'every-replica',
        converges: 'every e-mail has reached its mail server, or was tried often enough',
        ifItNeverRuns: 'nobody is told by e-mail what budgets come to',
        run: (signal) => sendEmails({ ...options, settings, emails }, signal),
      }),
    ],
  };
}

export const sendsNone = (): Fault =>
  new Fault('state.conflict', 'this server sends no e-mail', {
    detail: 'This server sends no e-mail: its operator has to set SMTP_URL.',
  });

const toEmail = (row: EmailRow) => ({
  id: row.id,
  event_type: row.eventType,
  to: row.receiver,
  subject: row.subject,
  state: row.state,
  attempts: row.attempts,
  created_at: row.createdAt.toISOString(),
  ended_at: row.endedAt?.toISOString() ?? null,
  last_error: row.lastError,
});
