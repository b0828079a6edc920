import { type Config, field } from '@sagewai/config';

import { normalizeMountPath } from './mount.ts';
import { readMount } from './read-mounts.ts';

const http = ['http', 'https'] as const;

/** Why a reader refuses; null: it does not. */
function whyNot(read: () => unknown): string | null {
  try {
    read();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Every setting of the edge. With DATABASE_URL and no upstream, those of a server count too. */
export const EDGE_FIELDS = {
  SAGE_EDGE_HOST: field.string({
    default: '0.0.0.0',
    description: 'The address to listen on',
    flag: 'host',
  }),
  SAGE_EDGE_PORT: field.integer({
    default: 8899,
    min: 0,
    max: 65_535,
    description: 'The port to listen on; 0 takes a free one',
    flag: 'port',
  }),
  SAGE_EDGE_LLM_PREFIX: field.string({
    default: '/',
    description: 'Below which path the gateway is mounted',
    flag: 'llm-prefix',
    check: (prefix) => whyNot(() => normalizeMountPath(prefix)),
  }),
  SAGE_EDGE_NO_LLM: field.boolean({
    default: false,
    description: 'Mounts nothing: health alone is answered',
    flag: 'no-llm',
  }),
  SAGE_EDGE_LOG_LEVEL: field.logLevel({
    default: 'info',
    description: 'The least that is logged',
    flag: 'log-level',
  }),
  SAGE_EDGE_UPSTREAM: field.url({
    default: null,
    description:
      'The gateway to mount, in another process; without it, one in this process when DATABASE_URL is set',
    schemes: http,
    flag: 'upstream',
  }),
  SAGEWAI_URL: field.url({
    default: 'http://localhost:8000',
    description: 'That gateway, when neither SAGE_EDGE_UPSTREAM nor DATABASE_URL is set',
    schemes: http,
    defaultScheme: 'http',
  }),
  SAGE_EDGE_MOUNTS: field.list({
    default: [],
    description: 'Further gateways, as /prefix=URL, host=URL or host/prefix=URL',
    flag: 'mounts',
    check: (all) => {
      const first = all.map((one) => whyNot(() => readMount(one))).find((why) => why !== null);
      return first ?? null;
    },
  }),
  SAGE_EDGE_READY: field.oneOf(['any', 'all'], {
    default: 'any',
    description: 'Ready with any gateway that is ready, or only with all of them',
  }),
  SAGE_EDGE_PROBE_INTERVAL: field.duration({
    default: 5_000,
    min: 50,
    description: 'How often a gateway that is ready is asked whether it still is',
  }),
  SAGE_EDGE_PROBE_BACKOFF: field.duration({
    default: 100,
    min: 10,
    description:
      'After how long one that is not ready is asked again; twice as long each time, up to the interval',
  }),
  SAGE_EDGE_PROBE_TIMEOUT: field.duration({
    default: 2_000,
    min: 50,
    description: 'How long it may take to say that it is ready',
  }),
  SAGE_EDGE_CONNECT_TIMEOUT: field.duration({
    default: 5_000,
    min: 50,
    description: 'How long a connection to a gateway may take',
  }),
  SAGE_EDGE_ANSWER_TIMEOUT: field.duration({
    default: 600_000,
    min: 1_000,
    description: 'How long a gateway may take to begin its answer: a model thinks before it speaks',
  }),
  SAGE_EDGE_IDLE_TIMEOUT: field.duration({
    default: 300_000,
    min: 1_000,
    description: 'How long a gateway may be silent within an answer',
  }),
  SAGE_EDGE_RATE_PER_SECOND: field.decimal({
    default: 0,
    min: 0,
    description: 'Requests a second of one client; 0: no limit',
  }),
  SAGE_EDGE_RATE_BURST: field.integer({
    default: 100,
    min: 1,
    description: 'How many of them may come at once',
  }),
  SAGE_EDGE_RATE_BY: field.oneOf(['address', 'credential'], {
    default: 'address',
    description:
      'What a client is: an address, or a credential (which a stranger can invent; the address counts without one)',
  }),
  SAGE_EDGE_IN_FLIGHT_MAX: field.integer({
    default: 10_000,
    min: 1,
    description: 'Requests under way at one moment; another is told to come again',
  }),
  SAGE_EDGE_TRUSTED_PROXIES: field.list({
    default: [],
    description: 'Addresses or ranges in front of the edge whose X-Forwarded-* is believed',
  }),
  SAGE_EDGE_TLS_CERT_FILE: field.string({
    default: null,
    description:
      'Serves HTTPS with this certificate and its chain (PEM); read again when it changes',
    flag: 'tls-cert',
  }),
  SAGE_EDGE_TLS_KEY_FILE: field.string({
    default: null,
    description: 'The key of that certificate (PEM)',
    flag: 'tls-key',
  }),
  SAGE_EDGE_TLS_RELOAD_INTERVAL: field.duration({
    default: 10_000,
    min: 50,
    description: 'How often the certificate and its key are looked at for a change',
  }),
  SAGE_EDGE_METRICS_PORT: field.integer({
    default: null,
    min: 0,
    max: 65_535,
    description: 'Serves the metrics of the edge itself at /metrics on this port; none without',
  }),
  SAGE_EDGE_DRAIN_TIMEOUT: field.duration({
    default: 25_000,
    description: 'How long requests may go on after a signal to stop',
  }),
  SAGE_EDGE_DRAIN_LINGER: field.duration({
    default: 500,
    description: 'How long a stopping edge at least goes on saying so to whoever has a connection',
  }),
} as const;

export type EdgeConfig = Config<typeof EDGE_FIELDS>;
