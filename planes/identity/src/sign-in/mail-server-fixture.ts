import type { AddressInfo } from 'node:net';

import { createMailer, type Mailer } from '@sagewai/mail';
import { SMTPServer } from 'smtp-server';
import { onTestFinished } from 'vitest';

/** A mail server on a real socket that puts what it takes into the list, and what sends to it. */
export async function startMailServer(received: string[]): Promise<Mailer> {
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: true,
    onData: (stream, _, done) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece: Buffer) => pieces.push(piece));
      stream.once('end', () => {
        // Lines that are wrapped for the way are one again.
        received.push(Buffer.concat(pieces).toString().replaceAll(/=\r\n/g, ''));
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
  return mailer;
}
