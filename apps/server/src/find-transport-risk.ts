import type { ServerCertificate } from '@sagewai/http';

import type { ServerConfig } from './config.ts';
import { isLoopback } from './is-loopback.ts';

const DAYS_LEFT_MIN = 14;
const DAY_MS = 86_400_000;

/** What a start should warn of about the way that tokens and payloads take; null: nothing. */
export function findTransportRisk(
  { host, trustedProxies }: Pick<ServerConfig, 'host' | 'trustedProxies'>,
  certificate: Pick<ServerCertificate, 'expiresAt'> | null,
  now: Date,
): { readonly what: string; readonly mend: string } | null {
  if (certificate !== null) {
    const leftMs = certificate.expiresAt.getTime() - now.getTime();
    if (leftMs > DAYS_LEFT_MIN * DAY_MS) return null;
    const at = certificate.expiresAt.toISOString();
    const what =
      leftMs > 0 ? `the certificate expires at ${at}` : `the certificate expired at ${at}`;
    return { what, mend: 'Renew it; the files are read again by themselves.' };
  }
  // Behind a proxy that is named, TLS ends there.
  if (isLoopback(host) || trustedProxies.length > 0) return null;
  return {
    what: 'plain HTTP off loopback: tokens and payloads can be read on the way',
    mend: 'Set TLS_CERT_FILE and TLS_KEY_FILE, or name the proxy that speaks TLS in TRUSTED_PROXIES.',
  };
}
