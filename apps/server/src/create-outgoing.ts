import type { Clock } from '@sagewai/clock';
import { createPublicEgress, type PublicEgress } from '@sagewai/egress';
import { describeRuns } from '@sagewai/fleet';
import type { Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import type { Job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import { createMailer, type Mailer } from '@sagewai/mail';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import { createAlerts, createEmails, createSinks, type Letters } from '@sagewai/trust';

import type { ServerConfig } from './config.ts';
import { keysFor } from './encryption/purposes.ts';
import type { ServerKeys } from './server-keys.ts';

const WEBHOOK_TIMEOUT_MS = 10_000;

type MailConfig = Pick<
  ServerConfig,
  | 'smtpUrl'
  | 'smtpFrom'
  | 'smtpTls'
  | 'smtpTimeoutMs'
  | 'smtpLettersPerHour'
  | 'smtpLettersPerReceiver'
>;

interface Outgoing {
  /** Whether a mail server is configured. */
  readonly sendsMail: boolean;
  /** To people who are invited, or have forgotten their password; null: no mail server is configured. */
  readonly letters: Letters | null;
  /** To addresses that tenants name. */
  readonly egress: PublicEgress;
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
  readonly close: () => Promise<void>;
}

/** What this server tells others by itself: alerts, and the audit log to where it is shipped. */
export function createOutgoing(of: {
  readonly config: MailConfig & Pick<ServerConfig, 'webhookPrivateHosts'>;
  readonly keys: Pick<ServerKeys, 'sealing'>;
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly nudge: (job: string) => void;
}): Outgoing {
  const { config, keys, db, clock, log, metrics, nudge } = of;
  const egress = createPublicEgress({
    privateHosts: config.webhookPrivateHosts,
    timeoutMs: WEBHOOK_TIMEOUT_MS,
  });
  const parts = { db, clock, metrics, egress, nudge };
  const alerts = createAlerts({
    ...parts,
    log,
    describe: [describeRuns],
    boundProject,
    sealing: keysFor(keys.sealing, 'alert-webhook'),
  });
  const sinks = createSinks({ ...parts, sealing: keysFor(keys.sealing, 'audit-sink') });
  const mailer = mailerOf(config);
  const settings = {
    lettersPerHour: config.smtpLettersPerHour,
    lettersPerReceiver: config.smtpLettersPerReceiver,
  };
  const emails = createEmails({ db, clock, metrics, nudge, mailer, boundProject, settings });
  return {
    egress,
    sendsMail: mailer !== null,
    letters: emails.letters,
    routes: [...alerts.routes, ...sinks.routes, ...emails.routes],
    jobs: [...alerts.jobs, ...sinks.jobs, ...emails.jobs],
    close: async () => {
      mailer?.close();
      await egress.close();
    },
  };
}

/** Null: no mail server is configured. */
function mailerOf(config: MailConfig): Mailer | null {
  if (config.smtpUrl === null) return null;
  return createMailer({
    url: config.smtpUrl.reveal(),
    from: config.smtpFrom,
    tls: config.smtpTls,
    timeoutMs: config.smtpTimeoutMs,
  });
}
