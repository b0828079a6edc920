import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import { thumbprintOf } from '@sagewai/certificate';

import type { HttpSettings } from './settings.ts';
import type { ServerCertificate } from './tls.ts';

/** Thumbprints of the connections that were asked for a certificate. */
const peers = new WeakMap<Socket, string | null>();

/** Undefined: the connection was not asked. */
export const readPeerThumbprint = (socket: Socket): string | null | undefined => peers.get(socket);

/**
 * A listener that asks whoever connects for a certificate. No authority is asked: the handshake proves
 * the key that stands in it (RFC 8705, section 2.2), and which key it has to be, whoever reads the
 * credential decides. So a worker shows what it signed itself.
 */
export function createMutualServer(
  serve: (request: IncomingMessage, response: ServerResponse) => void,
  { cert, key }: ServerCertificate,
  { keepAliveMs, requestMs, headersMs }: HttpSettings,
): Server {
  const server = createServer(
    {
      cert,
      key,
      minVersion: 'TLSv1.2',
      requestCert: true,
      rejectUnauthorized: false,
      keepAliveTimeout: keepAliveMs,
      requestTimeout: requestMs,
      headersTimeout: headersMs,
    },
    serve,
  );
  server.on('secureConnection', (socket: TLSSocket) => {
    const shown = socket.getPeerX509Certificate();
    peers.set(socket, shown === undefined ? null : thumbprintOf(shown.publicKey));
  });
  return server;
}
