import { ConfigError } from '@sagewai/config';
import { readServerCertificate, type ServerCertificate } from '@sagewai/http';
import type { Log } from '@sagewai/log';

import type { EdgeConfig } from './config.ts';

type TlsSettings = Pick<
  EdgeConfig,
  'sageEdgeTlsCertFile' | 'sageEdgeTlsKeyFile' | 'sageEdgeTlsReloadIntervalMs'
>;

/** Null: plain HTTP. Throws `ConfigError`. */
async function find(settings: TlsSettings): Promise<ServerCertificate | null> {
  const { sageEdgeTlsCertFile: certFile, sageEdgeTlsKeyFile: keyFile } = settings;
  if (certFile === null && keyFile === null) return null;
  const names = 'SAGE_EDGE_TLS_CERT_FILE, SAGE_EDGE_TLS_KEY_FILE';
  if (certFile === null || keyFile === null) {
    throw new ConfigError([`${names}: expected both, or neither`]);
  }
  try {
    return await readServerCertificate({ certFile, keyFile });
  } catch (error) {
    throw new ConfigError([`${names}: ${(error as Error).message}`]);
  }
}

/** The certificate as it stands, and word of each that replaces it; one that cannot be used changes nothing. */
export async function keepCertificate(
  settings: TlsSettings,
  log: Log,
  replace: (certificate: ServerCertificate) => void,
): Promise<{ readonly shown: ServerCertificate | null; stop(): void }> {
  const shown = await find(settings);
  if (shown === null) return { shown, stop: () => undefined };
  let current = shown;
  let lastFailure = '';
  const look = async (): Promise<void> => {
    try {
      const found = await find(settings);
      lastFailure = '';
      if (found === null || (found.cert === current.cert && found.key === current.key)) return;
      current = found;
      replace(found);
      log.info('the certificate was replaced', { expires_at: found.expiresAt.toISOString() });
    } catch (error) {
      const { message } = error as Error;
      // Said once: the two files of a pair are rarely written at the same instant.
      if (message !== lastFailure)
        log.warn('the changed certificate cannot be used; the former one stays', { error });
      lastFailure = message;
    }
  };
  const timer = setInterval(() => void look(), settings.sageEdgeTlsReloadIntervalMs);
  timer.unref();
  return { shown, stop: () => clearInterval(timer) };
}
