import { ConfigError } from '@sagewai/config';
import { type App, readServerCertificate, type ServerCertificate } from '@sagewai/http';
import { type Job, job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import type { Metrics } from '@sagewai/telemetry';

import type { ServerConfig } from './config.ts';

type TlsSettings = Pick<
  ServerConfig,
  'tlsCertFile' | 'tlsKeyFile' | 'tlsReloadIntervalMs' | 'mtlsPort'
>;

/** Null: plain HTTP. Throws `ConfigError`. */
export async function findCertificate(settings: TlsSettings): Promise<ServerCertificate | null> {
  const { tlsCertFile: certFile, tlsKeyFile: keyFile } = settings;
  if (certFile === null && keyFile === null) {
    if (settings.mtlsPort === null) return null;
    throw new ConfigError(['MTLS_PORT: needs TLS_CERT_FILE and TLS_KEY_FILE']);
  }
  if (certFile === null || keyFile === null) {
    throw new ConfigError(['TLS_CERT_FILE and TLS_KEY_FILE: expected both, or neither']);
  }
  try {
    return await readServerCertificate({ certFile, keyFile });
  } catch (error) {
    throw new ConfigError([`TLS_CERT_FILE, TLS_KEY_FILE: ${(error as Error).message}`]);
  }
}

/** A renewed certificate is shown without a restart; one that cannot be used changes nothing. */
export function certificateJob(
  settings: TlsSettings,
  shown: ServerCertificate,
  { app, log, metrics }: { app: Pick<App, 'replaceCertificate'>; log: Log; metrics: Metrics },
): Job {
  let current = shown;
  let lastFailure = '';
  metrics.gauge({
    name: 'sagewai_tls_certificate_expires_at_seconds',
    help: 'When the certificate that the server shows expires, in seconds since 1970.',
    collect: (gauge) => gauge.set({}, current.expiresAt.getTime() / 1000),
  });
  return job({
    name: 'server.certificate',
    everyMs: settings.tlsReloadIntervalMs,
    runsOn: 'every-replica',
    converges: 'new connections are shown the certificate that stands in its file',
    ifItNeverRuns: 'a renewed certificate is shown only after a restart',
    run: async () => {
      try {
        const found = await findCertificate(settings);
        lastFailure = '';
        if (found === null || (found.cert === current.cert && found.key === current.key)) return;
        app.replaceCertificate(found);
        current = found;
        log.info('the certificate was replaced', { expires_at: found.expiresAt.toISOString() });
      } catch (error) {
        const { message } = error as Error;
        // Said once: the two files of a pair are rarely written at the same instant.
        if (message !== lastFailure) {
          log.warn('the changed certificate cannot be used; the former one stays', { error });
        }
        lastFailure = message;
      }
    },
  });
}
