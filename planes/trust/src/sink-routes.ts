import { X509Certificate } from 'node:crypto';

import { newId, seal } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import {
  createAuditSink,
  deleteAuditSink,
  listAuditSinks,
  type OutputOf,
  testAuditSink,
  updateAuditSink,
} from '@sagewai/wire';

import {
  changeSink,
  deleteSink,
  hurrySink,
  insertSink,
  listSinks,
  type SinkRow,
} from './audit-sinks.sql.ts';
import { nameActor } from './auditor.ts';
import { hostOf, portOf } from './send-syslog.ts';
import { type ShippingOptions, sinkContext } from './ship-audit.ts';
import { newWebhookSecret } from './sign-webhook.ts';

const NO_SUCH_SINK = 'There is no such sink.';
const SINKS_MAX = 20;

type SinkOptions = Pick<ShippingOptions, 'egress' | 'sealing'> & {
  /** Something is to be shipped: look now. */
  readonly nudge: () => void;
};

/** For the people who keep the audit log elsewhere, too. */
export function sinkRoutes({ egress, sealing, nudge }: SinkOptions): Route[] {
  const makeSecret = (id: string): { secret: string; sealed: string } => {
    const [key] = sealing;
    if (key === undefined) throw new Error('there is no key to seal secrets with');
    const secret = newWebhookSecret();
    return { secret, sealed: seal(key, secret, sinkContext(id)) };
  };
  const checkUrl = (text: string): URL => {
    const url = URL.canParse(text) ? new URL(text) : null;
    if (url === null || url.hostname === '' || url.username !== '' || url.password !== '') {
      throw refuse('url must be an address with a host, and without a user name.');
    }
    const isWeb = url.protocol === 'http:' || url.protocol === 'https:';
    const port = url.protocol === 'https:' ? 443 : 80;
    egress.check(hostOf(url), isWeb ? Number(url.port) || port : portOf(url));
    if (!isWeb && (url.pathname.length > 1 || url.search !== '')) {
      throw refuse('url of a collector is scheme, host and port.');
    }
    return url;
  };

  return [
    implement(listAuditSinks, async ({ tx, orgId }) => ({
      sinks: (await listSinks(tx, orgId)).map(toSink),
    })),

    implement(createAuditSink, async ({ tx, orgId, body, caller, audit }) => {
      const { name, format = 'jsonl', ca = null } = body;
      const url = checkUrl(body.url);
      if (ca !== null) checkAuthority(url, ca);
      if ((await listSinks(tx, orgId)).length >= SINKS_MAX) {
        throw new Fault('state.conflict', 'the organization has too many sinks', {
          detail: `An organization has at most ${SINKS_MAX} sinks.`,
        });
      }
      const id = newId();
      const made = url.protocol.startsWith('http') ? makeSecret(id) : null;
      const row = await insertSink(tx, {
        id,
        orgId,
        name,
        url: body.url,
        format,
        sealed: made?.sealed ?? null,
        ca,
        createdBy: nameActor(caller),
        fromBeginning: body.from === 'beginning',
      });
      audit.about(`sink:${id}`, { name, scheme: url.protocol.slice(0, -1), host: url.host });
      tx.onCommit(nudge);
      return { ...toSink(found(row, NO_SUCH_SINK)), secret: made?.secret ?? null };
    }),

    implement(updateAuditSink, async ({ tx, orgId, params, body, audit }) => {
      const { name = null, enabled = null } = body;
      audit.about(`sink:${params.sink_id}`, {
        ...(name === null ? {} : { name }),
        ...(enabled === null ? {} : { enabled }),
      });
      const row = await changeSink(tx, { id: params.sink_id, orgId, name, enabled });
      tx.onCommit(nudge);
      return toSink(found(row, NO_SUCH_SINK));
    }),

    implement(
      deleteAuditSink,
      async ({ tx, orgId, params, audit }): Promise<OutputOf<typeof deleteAuditSink>> => {
        audit.about(`sink:${params.sink_id}`);
        found((await deleteSink(tx, { id: params.sink_id, orgId })) || null, NO_SUCH_SINK);
        return { status: 'ok' };
      },
    ),

    implement(testAuditSink, async ({ tx, orgId, params, audit }) => {
      audit.about(`sink:${params.sink_id}`);
      const row = await hurrySink(tx, { id: params.sink_id, orgId });
      tx.onCommit(nudge);
      return toSink(found(row, NO_SUCH_SINK));
    }),
  ];
}

const refuse = (detail: string): Fault =>
  new Fault('request.invalid', 'the address of a sink cannot be used', { detail });

function checkAuthority({ protocol }: URL, ca: string): void {
  if (protocol !== 'syslog+tls:') throw refuse('ca is for syslog+tls:// only.');
  try {
    void new X509Certificate(ca);
  } catch {
    throw refuse('ca must be a certificate in PEM.');
  }
}

const toSink = (row: SinkRow) => ({
  id: row.id,
  name: row.name,
  url: row.url,
  format: row.format,
  created_at: row.createdAt.toISOString(),
  created_by: row.createdBy,
  cursor: row.cursor,
  behind: row.behind,
  last_sent_at: row.lastSentAt?.toISOString() ?? null,
  last_error: row.lastError,
  next_attempt_at: row.lastError === null ? null : row.dueAt.toISOString(),
  disabled_why: row.disabledWhy,
});
