import { ConfigError } from '@sagewai/config';
import { findCertificate, findTransportRisk, type ServerConfig } from '@sagewai/server';

import { failure, type Finding, ok, warning } from '../finding.ts';

/** The certificate of the server, or what travels unprotected without one. */
export async function checkCertificate(
  config: Pick<
    ServerConfig,
    'host' | 'trustedProxies' | 'tlsCertFile' | 'tlsKeyFile' | 'tlsReloadIntervalMs' | 'mtlsPort'
  >,
  now: Date,
): Promise<Finding> {
  try {
    const certificate = await findCertificate(config);
    const risk = findTransportRisk(config, certificate, now);
    if (risk !== null) return warning('transport', risk.what, risk.mend);
    if (certificate === null)
      return ok('transport', 'plain HTTP, on this machine or behind a proxy');
    const day = certificate.expiresAt.toISOString().slice(0, 10);
    return ok('transport', `HTTPS, with a certificate until ${day}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return failure('transport', error.message, 'Correct TLS_CERT_FILE and TLS_KEY_FILE.');
  }
}
