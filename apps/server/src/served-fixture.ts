import { randomBytes } from 'node:crypto';

import { readConfig } from '@sagewai/config';
import { ensureAdministrator } from '@sagewai/identity';
import { silentLog } from '@sagewai/log';
import { type DatabaseFixtures, databaseTest, tempHome } from '@sagewai/testing';
import type { TestAPI } from 'vitest';

import { SERVER_FIELDS } from './config.ts';
import { configuredStore } from './object-store.ts';
import { type Databases, openDatabase } from './open-database.ts';
import { readModels } from './read-models.ts';
import { parseServerKeys } from './server-keys.ts';
import { buildServer, type Server } from './server.ts';

const secret = (): string => randomBytes(32).toString('base64url');
const SILENT_MS_MAX = 5000;
const STOP_MS_MAX = 1000;

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface Answer {
  readonly status: number;
  readonly text: string;
}
/** The headers that prove who calls. */
export type Credential = Readonly<Record<string, string>>;
/** An answer that does not come, as of a stream that goes on, has the status 0. */
export type Call = (credential: Credential, request: Request) => Promise<Answer>;

export const bearer = (token: string): Credential => ({ authorization: `Bearer ${token}` });

interface Served {
  readonly call: Call;
  readonly administrator: Credential;
}

/** A whole server, that listens nowhere. */
export async function startServed(of: {
  readonly url: string;
  readonly home: string;
  /** Of its administrator. */
  readonly token: string;
  readonly settings: Readonly<Record<string, string>>;
}): Promise<{ server: Server; databases: Databases; stop: () => Promise<void> }> {
  const config = readConfig(SERVER_FIELDS, {
    environment: { DATABASE_URL: of.url, SAGEWAI_HOME: of.home, ...of.settings },
  });
  const databases = await openDatabase(config, silentLog);
  const models = await readModels(config, {});
  await ensureAdministrator(databases.dispatch, { token: of.token });
  const server = await buildServer({
    certificate: null,
    config,
    gatewayConfig: models.config,
    modelsFile: { text: models.text, env: {} },
    databases,
    objects: configuredStore(config),
    keys: parseServerKeys(secret(), secret()),
    version: '0.0.0-test',
    log: silentLog,
    onOutdated: () => undefined,
  });
  const stop = async (): Promise<void> => {
    await server.stop(STOP_MS_MAX);
    await databases.close();
  };
  return { server, databases, stop };
}

/** A whole server with a database of its own, and its administrator's credential. */
export const servedWith = (
  settings: Readonly<Record<string, string>>,
): TestAPI<DatabaseFixtures & Served> =>
  databaseTest.extend<Served>({
    // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
    administrator: async ({}, use) => use(bearer(`sat-${secret()}`)),
    call: async ({ url, administrator }, use) => {
      await using home = await tempHome();
      const { server, stop } = await startServed({
        url,
        home: home.path,
        token: administrator['authorization']?.slice('Bearer '.length) ?? '',
        settings: {
          PASSWORD_MEMORY_KIB: '8192',
          PASSWORD_PASSES: '1',
          REAUTHENTICATE_AFTER: '1h',
          REGISTRATION_BURST: '10000',
          SIGN_IN_ATTEMPTS_MAX: '100000',
          SIGN_IN_ADDRESS_ATTEMPTS_MAX: '100000',
          ...settings,
        },
      });
      await use(async (credential, { method, path, body, headers }) => {
        const answer = server.app.inject({
          method: method as 'GET',
          url: path,
          headers: { ...credential, ...headers },
          ...(body === undefined ? {} : { payload: body as object | string }),
        });
        const silence = new Promise<null>((resolve) => setTimeout(resolve, SILENT_MS_MAX, null));
        const said = await Promise.race([answer, silence]);
        return said ? { status: said.statusCode, text: said.body } : { status: 0, text: '' };
      });
      await stop();
    },
  }) as TestAPI<DatabaseFixtures & Served>;

export const servedTest = servedWith({});

/** Asks, and throws unless it was done; what is answered must be JSON. */
export async function make(
  call: Call,
  credential: Credential,
  [method, path]: readonly [string, string],
  body?: object,
): Promise<Record<string, unknown>> {
  const request = { method, path, ...(body === undefined ? {} : { body }) };
  const { status, text } = await call(credential, request);
  if (status < 200 || status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}
