import { systemClock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import { connect } from '@sagewai/postgres';
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
  readonly logged: { readonly level: 'warn' | 'error'; readonly fields: object }[];
  readonly counted: string[];
}

/** An app whose database is away: nothing listens on port 1. */
export function createFixture(
  routes: readonly Route[],
  options: Partial<AppOptions> = {},
): Fixture {
  const refused: AuditRecord[] = [];
  const logged: Fixture['logged'] = [];
  const counted: string[] = [];
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
      warn: (fields) => void logged.push({ level: 'warn', fields }),
      error: (fields) => void logged.push({ level: 'error', fields }),
    },
    meters: {
      route: (id) => ({
        answered: (status) => void counted.push(`${id} ${status ?? 'gone'}`),
        dropped: (fields) => void counted.push(`${id} dropped ${fields}`),
        refused: (code, isRecorded) =>
          void counted.push(`${id} ${code} ${isRecorded ? 'recorded' : 'suppressed'}`),
      }),
      unroutable: (status) => void counted.push(`unroutable ${status}`),
    },
    ...options,
  });
  return { app, refused, logged, counted };
}
