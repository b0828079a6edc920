import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Credentials } from './api.ts';
import type { Bench } from './bench.ts';
import { type Child, startChild } from './child.ts';
import { freePort } from './free-port.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { answersWell, waitForChild } from './wait-until.ts';

const LAUNCHER = fileURLToPath(new URL('../../../apps/launcher/bin/sagewai.js', import.meta.url));
const START_MS_MAX = 30_000;
/** What could make a benchmark spend somebody's money or serve from somewhere else. */
const SCRUBBED =
  /^(OPENAI|ANTHROPIC|OLLAMA|LITELLM|SAGEWAI|SAGE_EDGE|DATABASE|REDIS|FLEET|WORKER)_/;

/** Our server as users run it: by its own command, on a PostgreSQL of its own that syncs to the disk. */
export interface Server {
  readonly url: string;
  readonly port: number;
  /** The platform administrator. */
  readonly administrator: Credentials;
  readonly process: Child;
  readonly postgres: Postgres;
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
}

export async function startServer(
  bench: Bench,
  name: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Server> {
  const postgres = await startPostgres(bench, `${name}-home`);
  const home = join(bench.folder, `${name}-home`);
  const token = `sat-${randomBytes(32).toString('base64url')}`;
  return startOn(bench, { name, args, postgres, home, token, environment });
}

/** Another server on the database of the first, with the same secrets and settings. */
export function startReplica(
  bench: Bench,
  name: string,
  of: Server,
  args: readonly string[] = [],
): Promise<Server> {
  const { environment, postgres, home } = of;
  const token = of.administrator['authorization']?.replace('Bearer ', '') ?? '';
  return startOn(bench, { name, args, postgres, home, token, environment });
}

interface Place {
  readonly name: string;
  readonly args: readonly string[];
  readonly postgres: Postgres;
  readonly home: string;
  readonly token: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function startOn(
  bench: Bench,
  { name, args, postgres, home, token, environment }: Place,
): Promise<Server> {
  const port = await freePort();
  const child = startSagewai(bench, name, {
    args: ['server', '--port', String(port), ...args],
    env: {
      DATABASE_URL: postgres.url,
      SAGEWAI_HOME: home,
      // As `sagewai up` has it.
      LEDGER_JOURNAL_DIR: join(home, 'journal'),
      SAGEWAI_ADMIN_TOKEN: token,
      // All workers of a benchmark come from one address.
      REGISTRATIONS_PER_SECOND: '10000',
      REGISTRATION_BURST: '100000',
      ...environment,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await waitForChild(child, () => answersWell(`${url}/readyz`), START_MS_MAX);
  const administrator = { authorization: `Bearer ${token}` };
  return { url, port, administrator, process: child, postgres, home, environment };
}

/** Any command of ours, by the bin that users have, without the environment's own settings. */
export function startSagewai(
  bench: Bench,
  name: string,
  { args, env }: { args: readonly string[]; env: Readonly<Record<string, string>> },
): Child {
  const inherited = Object.entries(bench.env).filter(([variable]) => !SCRUBBED.test(variable));
  return startChild(
    {
      name,
      command: process.execPath,
      args: [LAUNCHER, ...args],
      cwd: bench.folder,
      env: { ...Object.fromEntries(inherited), ...env },
      logFile: join(bench.folder, `${name}.log`),
    },
    bench.teardown,
  );
}
