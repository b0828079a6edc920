import type { AddressInfo } from 'node:net';

import { systemClock } from '@sagewai/clock';
import type { Fault } from '@sagewai/fault';
import { createMailer, type Mailer } from '@sagewai/mail';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest, makeTenant } from '@sagewai/testing';
import type { OrganizationId } from '@sagewai/wire';
import { SMTPServer } from 'smtp-server';
import { describe, expect, onTestFinished } from 'vitest';

import { createEmails } from './create-emails.ts';
import { createLetters } from './create-letters.ts';
import { findDue } from './deliveries.sql.ts';
import { listEmails, planEmails, queueEmails, recordEmail, takeEmails } from './emails.sql.ts';
import { raiseEmail } from './raise-email.ts';

const test = fileDatabaseTest;

interface MailServer {
  readonly mailer: Mailer;
  readonly received: { readonly to: string[]; readonly text: string }[];
  /** The next letters are answered so. */
  readonly script: number[];
}

/** A mail server on a real socket, and what sends to it. */
async function startMailServer(): Promise<MailServer> {
  const received: MailServer['received'] = [];
  const script: number[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    onData: (stream, session, done) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.once('end', () => {
        const refused = script.shift();
        if (refused !== undefined) {
          done(Object.assign(new Error('not now'), { responseCode: refused }));
          return;
        }
        const to = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ to, text: Buffer.concat(pieces).toString() });
        done();
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  const { port } = server.server.address() as AddressInfo;
  const mailer = createMailer({
    url: `smtp://127.0.0.1:${port}`,
    from: 'sagewai@example.com',
    timeoutMs: 5_000,
    tls: 'opportunistic',
  });
  onTestFinished(async () => {
    mailer.close();
    await new Promise<void>((closed) => server.close(() => closed()));
  });
  return { mailer, received, script };
}

const raise = (db: Db, orgId: OrganizationId, receivers: string[]): Promise<void> =>
  inTenant(db, [orgId], (tx) =>
    raiseEmail(tx, {
      orgId,
      type: 'budget.threshold',
      at: new Date('2026-01-31T12:00:00Z'),
      title: 'web: 80 % of the limit are spent today',
      data: { spent_usd: '8', limit_usd: '10' },
      receivers,
    }),
  );

function sender(db: Db, mailer: Mailer | null): () => Promise<void> {
  const { jobs } = createEmails({
    db,
    clock: systemClock,
    metrics: createMetrics(),
    mailer,
    settings: { deliveryRetryMs: [0, 0] },
    nudge: () => undefined,
  });
  return async () => {
    for (const job of jobs) await job.run(new AbortController().signal);
  };
}

const logOf = (db: Db, orgId: OrganizationId) => inTenant(db, [orgId], (tx) => listEmails(tx, 10));

describe('an e-mail', () => {
  test('reaches each receiver once, and says what there is to say', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const { mailer, received } = await startMailServer();
    await raise(db, orgId, ['anna@example.com', 'ben@example.com']);
    const send = sender(db, mailer);
    await Promise.all([send(), sender(db, mailer)()]); // two replicas
    await send();
    expect(new Set(received.flatMap(({ to }) => to))).toEqual(
      new Set(['anna@example.com', 'ben@example.com']),
    );
    expect(received).toHaveLength(2);
    const [letter] = received;
    expect(letter?.text).toContain('Subject: [sagewai] web: 80 % of the limit are spent today');
    expect(letter?.text).toContain('spent_usd: 8');
    expect(await logOf(db, orgId)).toMatchObject([{ state: 'delivered' }, { state: 'delivered' }]);
    expect(await findDue(db, 'emails', 10)).toEqual([]);
  });

  test('is sent again under one id when its server is busy, and given up when it says never', async ({
    db,
  }) => {
    const { orgId } = await makeTenant(db);
    const { mailer, received, script } = await startMailServer();
    const send = sender(db, mailer);
    script.push(451);
    await raise(db, orgId, ['anna@example.com']);
    await send();
    const [busy] = await logOf(db, orgId);
    expect(busy).toMatchObject({ state: 'pending', attempts: 1 });
    expect(busy?.lastError).toContain('451');
    await send();
    expect(received).toHaveLength(1);
    script.push(550);
    await raise(db, orgId, ['ben@example.com']);
    await send();
    expect(await logOf(db, orgId)).toMatchObject([{ state: 'failed' }, { state: 'delivered' }]);
  });

  test('of a server that sends none has failed, and says why', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    await raise(db, orgId, ['anna@example.com']);
    await sender(db, null)();
    const [failed] = await logOf(db, orgId);
    expect(failed).toMatchObject({ state: 'failed', attempts: 1 });
    expect(failed?.lastError).toContain('SMTP_URL');
  });

  test('that is taken is not taken again, and is its organization’s alone', async ({ db }) => {
    const [{ orgId }, stranger] = [await makeTenant(db), await makeTenant(db)];
    const email = { orgId, eventType: 'alert.test', messageId: '<m@s>', subject: 's', body: 'b' };
    await inTenant(db, [orgId], (tx) => queueEmails(tx, { ...email, receivers: ['a@b.c'] }));
    const take = (of: OrganizationId) =>
      inTenant(db, [of], (tx) => takeEmails(tx, { holdMs: 60_000, limit: 10 }));
    expect(await take(stranger.orgId)).toEqual([]);
    const [taken] = await take(orgId);
    expect(taken).toMatchObject({ messageId: '<m@s>', receiver: 'a@b.c', attempts: 1 });
    expect(await take(orgId)).toEqual([]);
    await inTenant(db, [orgId], async (tx) => {
      await recordEmail(tx, { id: taken?.id ?? '', error: null, end: 'delivered' });
      await planEmails(tx, orgId, 0);
    });
    expect(await logOf(db, orgId)).toHaveLength(1);
    expect(await logOf(db, stranger.orgId)).toEqual([]);
  });
});

describe('a letter', () => {
  const letter = {
    type: 'account.invitation',
    title: 'You are invited',
    text: 'https://sagewai.example.com/invitation#link-secret',
  } as const;

  test('is sent at once, stands in what was sent without what it says, and is refused when its server refuses it', async ({
    db,
  }) => {
    const { orgId } = await makeTenant(db);
    const { mailer, received, script } = await startMailServer();
    const limits = { lettersPerHour: 10, lettersPerReceiver: 10 };
    const letters = createLetters({ mailer, limits });
    const send = (to: string) =>
      inTenant(db, [orgId], (tx) => letters.send(tx, { ...letter, orgId, to }));
    await send('anna@example.com');
    expect(received[0]?.text).toContain('link-secret');
    const { rows } = await inTenant(db, [orgId], (tx) =>
      sql<{ text: string }>`select e::text as text from alert_email e`.execute(tx),
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.text).not.toContain('link-secret');
    script.push(550);
    await expect(send('ben@example.com')).rejects.toMatchObject({ code: 'upstream.refused' });
    expect(await logOf(db, orgId)).toMatchObject([{ state: 'delivered', attempts: 1 }]);
  });

  test('is one of a few to an address and of some in an hour, also when they are sent together', async ({
    db,
    owner,
  }) => {
    const { orgId } = await makeTenant(db);
    const { mailer, received } = await startMailServer();
    const limits = { lettersPerHour: 5, lettersPerReceiver: 2 };
    const letters = createLetters({ mailer, limits });
    const send = (to: string) =>
      inTenant(db, [orgId], (tx) => letters.send(tx, { ...letter, orgId, to })).then(
        () => 'sent',
        (error: Fault) => `${error.code} ${error.retryAfterMs !== undefined}`,
      );
    const sent = await Promise.all(Array.from({ length: 4 }, () => send('Anna@example.com')));
    expect(sent.toSorted()).toEqual(['rate.exceeded true', 'rate.exceeded true', 'sent', 'sent']);
    expect(await send('anna@example.com')).toBe('rate.exceeded true');
    for (const name of ['b', 'c', 'd']) expect(await send(`${name}@example.com`)).toBe('sent');
    expect(await send('e@example.com')).toBe('rate.exceeded true');
    expect(received).toHaveLength(5);
    await sql`update alert_email set created_at = created_at - interval '1 hour'`.execute(owner);
    expect(await send('anna@example.com')).toBe('sent');
  });
});
