import { systemClock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import { type LogFields, silentLog } from '@sagewai/log';
import { connect } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import type { OrganizationId } from '@sagewai/wire';

import { type App, type AppOptions, createApp } from './app.ts';
import type { AuditRecord } from './audit.ts';
import { createAuthenticator, type CredentialReader } from './authenticate.ts';
import { type Caller, type Scope } from './caller.ts';
import type { Route } from './route.ts';

export const ACME = '01970000-0000-7000-8000-000000000001' as OrganizationId;

/** `Bearer read` (or write, admin, platform) is a token of that scope; `Bearer worker` is a worker. */
export const scopeReader: CredentialReader = {
  read: ({ headers }) => {
    const word = /^Bearer (\w+)$/.exec(headers.authorization ?? '')?.[1];
    return word === undefined ? null : callerOf(word);
  },
};

function callerOf(word: string): Caller {
  const who = { id: `id-of-${word}`, name: word, orgId: ACME, projectId: null };
  switch (word) {
    case 'worker':
    case 'key':
      return { ...who, kind: word, scopes: new Set() };
    case 'read':
    case 'write':
    case 'admin':
      return { ...who, kind: 'token', scopes: new Set<Scope>([word]) };
    case 'platform':
      return { ...who, kind: 'token', orgId: null, scopes: new Set<Scope>([word]) };
    default:
      throw new Fault('caller.unknown', 'no such token');
  }
}

export interface Fixture {
  readonly app: App;
  readonly refused: AuditRecord[];
  readonly logged: { readonly level: 'warn' | 'error'; readonly fields: LogFields }[];
  /** What was counted, `requests things.create 2xx 1`, in the order of the metrics. */
  readonly counted: () => Promise<string[]>;
}

/** An app whose database is away: nothing listens on port 1. */
export function createFixture(
  routes: readonly Route[],
  options: Partial<AppOptions> = {},
): Fixture {
  const refused: AuditRecord[] = [];
  const logged: Fixture['logged'] = [];
  const metrics = createMetrics();
  const app = createApp({
    routes,
    authenticate: createAuthenticator([scopeReader]),
    auditor: {
      succeeded: () => Promise.resolve(),
      refused: async (record) => void refused.push(record),
    },
    db: connect({ url: 'postgres://nobody@127.0.0.1:1/none', role: null, maxConnections: 1 }),
    clock: systemClock,
    log: {
      ...silentLog,
      warn: (_message, fields = {}) => void logged.push({ level: 'warn', fields }),
      error: (_message, fields = {}) => void logged.push({ level: 'error', fields }),
    },
    metrics,
    ...options,
  });
  return { app, refused, logged, counted: async () => readCounters(await metrics.render()) };
}

function readCounters(text: string): string[] {
  const lines = [...text.matchAll(/^sagewai_http_(\w+)_total\{(.*)\} (\d+)$/gm)];
  return lines.map(([, name = '', labels = '', count = '']) => {
    const values = [...labels.matchAll(/="([^"]*)"/g)].map(([, value]) => value);
    return [name, ...values, count].join(' ');
  });
}
