import { createSocket } from 'node:dgram';
import { isIP, type Socket, connect } from 'node:net';
import { connect as connectTls, rootCertificates } from 'node:tls';

import type { PublicEgress } from '@sagewai/egress';

import { frameSyslog } from './format-syslog.ts';

export interface Collector {
  /** `syslog+tcp:`, `syslog+tls:` or `syslog+udp:`. */
  readonly url: URL;
  /** PEM. */
  readonly ca: string | null;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  'syslog+tcp:': 601,
  'syslog+tls:': 6514,
  'syslog+udp:': 514,
};
/** RFC 5426 lets a longer message be cut. */
const DATAGRAM_BYTES_MAX = 65_000;

export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');
export const portOf = (url: URL): number => Number(url.port) || (DEFAULT_PORTS[url.protocol] ?? 0);

/**
 * Resolves once the collector has it: it has read to the end and closed, too. Syslog has no other
 * acknowledgement; a datagram has none at all.
 */
export async function sendSyslog(
  { egress, timeoutMs }: { readonly egress: PublicEgress; readonly timeoutMs: number },
  { url, ca }: Collector,
  messages: readonly Buffer[],
): Promise<void> {
  const [host, port] = [hostOf(url), portOf(url)];
  // The address that was checked is the one that is connected to.
  const address = await egress.lookUp(host, port);
  if (url.protocol === 'syslog+udp:') {
    await sendDatagrams({ address, port }, messages);
    return;
  }
  const socket =
    url.protocol === 'syslog+tcp:'
      ? connect({ host: address, port })
      : connectTls({
          host: address,
          port,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(ca === null ? {} : { ca: [...rootCertificates, ca] }),
        });
  await writeAll(socket, Buffer.concat(messages.map(frameSyslog)), {
    opened: url.protocol === 'syslog+tcp:' ? 'connect' : 'secureConnect',
    timeoutMs,
  });
}

function writeAll(
  socket: Socket,
  bytes: Buffer,
  { opened, timeoutMs }: { readonly opened: string; readonly timeoutMs: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isWritten = false;
    let isRead = false;
    const timer = setTimeout(
      () => socket.destroy(new Error(`it did not take the messages within ${timeoutMs} ms`)),
      timeoutMs,
    );
    socket.once(opened, () =>
      socket.write(bytes, () => {
        isWritten = true;
        socket.end();
      }),
    );
    socket.once('end', () => {
      isRead = isWritten;
    });
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      if (isRead) resolve();
      else reject(new Error('it closed the connection before it had everything'));
    });
    socket.resume();
  });
}

async function sendDatagrams(
  { address, port }: { readonly address: string; readonly port: number },
  messages: readonly Buffer[],
): Promise<void> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    for (const message of messages) {
      await new Promise<void>((sent, failed) => {
        socket.send(message.subarray(0, DATAGRAM_BYTES_MAX), port, address, (error) =>
          error ? failed(error) : sent(),
        );
      });
    }
  } finally {
    socket.close();
  }
}
