import type { AddressInfo } from 'node:net';

import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';

import { createMailer, type Mailer, type MailerOptions } from './mailer.ts';

interface Received {
  readonly from: string;
  readonly to: string[];
  readonly isEncrypted: boolean;
  readonly user: string | undefined;
  readonly text: string;
}

/** A mail server on a real socket, with the certificate that its library makes for itself. */
async function startMailServer(
  options: SMTPServerOptions = {},
): Promise<{ port: number; received: Received[] }> {
  const received: Received[] = [];
  const server = new SMTPServer({
    authMethods: ['PLAIN', 'LOGIN'],
    onAuth: (auth, _session, done) => {
      if (auth.username === 'user' && auth.password === 's3cret-p@ss') done(null, { user: 'user' });
      else done(new Error(`535 ${String(auth.password)} is wrong`));
    },
    onData: (stream, session, done) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.once('end', () => {
        received.push({
          from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
          to: session.envelope.rcptTo.map(({ address }) => address),
          isEncrypted: session.secure,
          user: typeof session.user === 'string' ? session.user : undefined,
          text: Buffer.concat(pieces).toString(),
        });
        done();
      });
    },
    ...options,
  });
  // What a client that gives up does to its connection.
  server.on('error', () => undefined);
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => new Promise<void>((closed) => server.close(() => closed())));
  return { port: (server.server.address() as AddressInfo).port, received };
}

function mailerAt(url: string, changes: Partial<MailerOptions> = {}): Mailer {
  const mailer = createMailer({
    url,
    from: 'sagewai@example.com',
    timeoutMs: 5_000,
    tls: 'required',
    trustsAnyCertificate: true,
    ...changes,
  });
  onTestFinished(() => mailer.close());
  return mailer;
}

const letter = {
  to: 'anna@example.com',
  subject: '[sagewai] a test',
  text: 'eins\nzwei\n',
  messageId: '<1@sagewai>',
};

test('a letter is sent after STARTTLS, with a login', async () => {
  const { port, received } = await startMailServer();
  const mailer = mailerAt(`smtp://user:s3cret-p%40ss@127.0.0.1:${port}`);
  expect(await mailer.send(letter)).toEqual({ kind: 'sent' });
  expect(received).toMatchObject([
    { from: 'sagewai@example.com', to: ['anna@example.com'], isEncrypted: true, user: 'user' },
  ]);
  expect(received[0]?.text).toContain('Message-ID: <1@sagewai>');
  expect(received[0]?.text).toContain('eins\r\nzwei');
});

test('a letter is sent over TLS from the first byte', async () => {
  const { port, received } = await startMailServer({ secure: true, authOptional: true });
  expect(await mailerAt(`smtps://127.0.0.1:${port}`).send(letter)).toEqual({ kind: 'sent' });
  expect(received).toMatchObject([{ isEncrypted: true }]);
});

test('nothing is sent in clear, unless that is allowed, and no password ever', async () => {
  const { port, received } = await startMailServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    authOptional: true,
  });
  const plain = `smtp://127.0.0.1:${port}`;
  expect((await mailerAt(plain).send(letter)).kind).toBe('failed');
  expect(received).toEqual([]);
  const withLogin = mailerAt(`smtp://user:s3cret-p%40ss@127.0.0.1:${port}`, {
    tls: 'opportunistic',
  });
  expect((await withLogin.send(letter)).kind).toBe('failed');
  expect(received).toEqual([]);
  expect(await mailerAt(plain, { tls: 'opportunistic' }).send(letter)).toEqual({ kind: 'sent' });
  expect(received).toMatchObject([{ isEncrypted: false }]);
});

test('a certificate that nobody vouches for is not trusted', async () => {
  const { port, received } = await startMailServer({ secure: true, authOptional: true });
  const careful = mailerAt(`smtps://127.0.0.1:${port}`, { trustsAnyCertificate: false });
  expect((await careful.send(letter)).kind).toBe('failed');
  expect(received).toEqual([]);
});

test('what fails is told without what the server repeats, and whether it may be tried again', async () => {
  const { port } = await startMailServer({
    onRcptTo: (_, __, done) =>
      done(Object.assign(new Error('no such user'), { responseCode: 550 })),
  });
  const wrong = await mailerAt(`smtp://user:wr0ng@127.0.0.1:${port}`).send(letter);
  expect(wrong).toMatchObject({ kind: 'failed', isFinal: false });
  expect(JSON.stringify(wrong)).not.toContain('wr0ng');
  const unknown = await mailerAt(`smtp://user:s3cret-p%40ss@127.0.0.1:${port}`).send(letter);
  expect(unknown).toMatchObject({ kind: 'failed', isFinal: true });
  const away = await mailerAt('smtp://127.0.0.1:9').send(letter);
  expect(away).toMatchObject({ kind: 'failed', isFinal: false });
});
