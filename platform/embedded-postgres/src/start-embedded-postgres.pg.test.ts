import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';
import { afterAll, describe, expect, test as base } from 'vitest';

import { layoutOf } from './home-layout.ts';
import {
  discardEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  inspectEmbeddedPostgres,
  startEmbeddedPostgres,
} from './index.ts';
import { findPostmaster, isAlive } from './postmaster-file.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const cacheDir = mkdtempSync(join(tmpdir(), 'sagewai-cache-'));
afterAll(() => rmSync(cacheDir, { recursive: true }));

type Start = (options?: Partial<EmbeddedPostgresOptions>) => Promise<EmbeddedPostgres>;
type Owner = (options?: { uid?: number }) => Promise<OwnerProcess>;

interface OwnerProcess {
  readonly child: ChildProcess;
  /** What it printed: its PostgreSQL, or the error. */
  readonly said: {
    pid?: number;
    url?: string;
    adminUrl?: string;
    mode?: string;
    adopted?: boolean;
    reason?: string;
    ownerPid?: number;
    remedy?: string;
  };
}

/** A process of its own that starts the PostgreSQL of a home and keeps it until its input ends. */
const OWNER = `
  const { startEmbeddedPostgres } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
  const log = { info() {}, warn() {}, error() {} };
  const [home, cacheDir] = process.argv.slice(1);
  try {
    const { stop, ...rest } = await startEmbeddedPostgres({ home, log, fsync: false, cacheDir: cacheDir || null });
    console.log(JSON.stringify({ ...rest }));
    process.stdin.on('end', () => void stop()).resume();
  } catch ({ reason, ownerPid, remedy, message }) {
    console.log(JSON.stringify({ reason, ownerPid, remedy, message }));
  }
`;

const test = base.extend<{ home: string; start: Start; owner: Owner }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the parameter's names
  home: async ({}, use) => {
    const home = realpathSync(mkdtempSync(join(tmpdir(), 'sagewai-home-')));
    await use(home);
    expect(await discardEmbeddedPostgres(home)).toBe('discarded');
    rmSync(home, { recursive: true });
  },
  start: async ({ home }, use) => {
    const started: Promise<EmbeddedPostgres>[] = [];
    await use((options) => {
      const usual = { home, log: silent, fsync: false, cacheDir };
      const starting = startEmbeddedPostgres({ ...usual, ...options });
      started.push(starting);
      return starting;
    });
    for (const result of await Promise.allSettled(started)) {
      if (result.status === 'fulfilled') await result.value.stop();
    }
  },
  owner: async ({ home }, use) => {
    const children: ChildProcess[] = [];
    await use(async ({ uid } = {}) => {
      const args = ['--input-type=module', '-e', OWNER, home, uid === undefined ? cacheDir : ''];
      const child = spawn(process.execPath, args, {
        cwd: '/',
        stdio: ['pipe', 'pipe', 'inherit'],
        ...(uid === undefined ? {} : { uid, gid: uid }),
      });
      children.push(child);
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      while (!text.includes('\n') && child.exitCode === null) {
        await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
      }
      return { child, said: JSON.parse(text) as OwnerProcess['said'] };
    });
    for (const child of children) {
      child.stdin?.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
  },
});

async function query<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // What ends it fails its query too.
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

async function killHard({ child }: OwnerProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const keep = (url: string): Promise<unknown> =>
  query(url, `create table kept as select 'here' as word`);
const kept = (url: string): Promise<unknown> => query(url, 'select word from kept');

describe('a home', () => {
  test('opens again with its data, and nothing runs in between', async ({ home, start }) => {
    const first = await start();
    await keep(first.url);
    const { pid } = first;
    await first.stop();
    await first.stop();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(layoutOf(home, first.mode).socketDir)).toBe(false);

    const second = await start();
    expect(await kept(second.url)).toEqual([{ word: 'here' }]);
    expect(second).toMatchObject({ adopted: false, url: first.url, version: first.version });
  });

  test('may have a path longer than a socket may', async ({ home, start }) => {
    const long = join(home, 'x'.repeat(120), 'y'.repeat(120));
    const { url, stop } = await start({ home: long });
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await stop();
    await discardEmbeddedPostgres(long);
  });

  test('is for its user alone', async ({ home, start }) => {
    const { mode, url } = await start();
    const layout = layoutOf(home, mode);
    const paths = [layout.root, layout.dataDir, layout.socketDir, layout.passwordFile];
    expect(paths.filter((path) => (statSync(path).mode & 0o077) !== 0)).toEqual([]);
    if (!isRoot) return;
    const connect = `
      require('node:net').connect(process.argv[1]).on('error', (e) => console.log(e.code));
    `;
    const socket = join(layout.socketDir, '.s.PGSQL.5432');
    expect(existsSync(socket)).toBe(true);
    const other = spawn(process.execPath, ['-e', connect, socket], {
      cwd: '/',
      uid: NOBODY,
      gid: NOBODY,
    });
    const [said] = (await once(other.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('EACCES\n');
    const withoutPassword = url.replace(/:[^:@]*@/, '@');
    await expect(query(withoutPassword, 'select 1')).rejects.toThrow(/password/);
  });

  test('serves a login that is no superuser and is bound by policies', async ({ start }) => {
    const { url, adminUrl } = await start();
    const standing = `select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user`;
    expect(await query(url, standing)).toEqual([
      { rolsuper: false, rolbypassrls: false, rolcreaterole: true },
    ]);
    expect(await query(adminUrl, 'show is_superuser')).toEqual([{ is_superuser: 'on' }]);
    // What migrations do: make a role, and become it.
    await query(url, 'create role embedded_test; set role embedded_test; reset role');
  });

  test('has passwords of its own, although it is a copy of a template', async ({ home, start }) => {
    const one = await start();
    const other = await start({ home: join(home, 'other') });
    expect(readdirSync(cacheDir)).toEqual([expect.stringMatching(/^template-/)]);
    const crossed = new URL(other.url);
    crossed.password = new URL(one.url).password;
    await expect(query(crossed.href, 'select 1')).rejects.toThrow(/password authentication failed/);
    await other.stop();
    await discardEmbeddedPostgres(join(home, 'other'));
  });

  test('is made without a template when the cache is open to others', async ({ home, start }) => {
    const open = join(home, 'cache');
    mkdirSync(open);
    chmodSync(open, 0o777);
    const { url } = await start({ cacheDir: open });
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(readdirSync(open)).toEqual([]);
  });

  test('gets new passwords when the file with them was lost', async ({ home, start }) => {
    const first = await start();
    await keep(first.url);
    await first.stop();
    unlinkSync(layoutOf(home, first.mode).passwordFile);
    const second = await start();
    expect(second.url).not.toBe(first.url);
    expect(await kept(second.url)).toEqual([{ word: 'here' }]);
  });

  test('listens on loopback when it is told to, and asks for the password', async ({ start }) => {
    // A port that was free a moment ago.
    const server = (await import('node:net')).createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const { url } = await start({ tcpPort: port });
    const tcp = new URL(url);
    tcp.searchParams.set('host', '127.0.0.1');
    expect(await query(tcp.href, 'select 1 as one')).toEqual([{ one: 1 }]);
    tcp.password = 'guess';
    await expect(query(tcp.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  });

  test('of another major version is refused, with what to do', async ({ home, start }) => {
    const first = await start();
    await first.stop();
    writeFileSync(join(layoutOf(home, first.mode).dataDir, 'PG_VERSION'), '13\n');
    await expect(start()).rejects.toMatchObject({
      reason: 'version-mismatch',
      remedy: expect.stringContaining('install PostgreSQL 13'),
    });
  });

  test('without binaries says where it looked', async ({ home, start }) => {
    await expect(start({ binDir: join(home, 'bin') })).rejects.toMatchObject({
      reason: 'no-binaries',
      message: expect.stringContaining(join(home, 'bin')),
    });
    expect((await inspectEmbeddedPostgres(home, { binDir: home })).problem).toMatchObject({
      reason: 'no-binaries',
    });
  });

  test('whose socket directory is a trap is refused', async ({ home, start }) => {
    const { mode, stop } = await start();
    await stop();
    const { socketDir } = layoutOf(home, mode);
    symlinkSync(home, socketDir);
    await expect(start()).rejects.toMatchObject({ reason: 'foreign-directory' });
    unlinkSync(socketDir);
    mkdirSync(socketDir);
    chmodSync(socketDir, 0o777);
    await expect(start()).rejects.toMatchObject({ reason: 'foreign-directory' });
    rmSync(socketDir, { recursive: true, force: true });
  });
});

describe('after a crash', () => {
  test('of PostgreSQL: it is brought back, with what was committed (S3)', async ({ start }) => {
    const back = Promise.withResolvers<void>();
    const log = {
      ...silent,
      info: (message: string) => message === 'PostgreSQL is back' && back.resolve(),
    };
    const postgres = await start({ log, fsync: true });
    await keep(postgres.url);
    const { pid } = postgres;
    process.kill(pid, 'SIGKILL');
    await back.promise;
    expect(postgres.pid).not.toBe(pid);
    expect(await kept(postgres.url)).toEqual([{ word: 'here' }]);
  });

  test('of PostgreSQL, slow to go: it is not adopted while it goes down (S3)', async ({
    start,
  }) => {
    let back = Promise.withResolvers<void>();
    const log = {
      ...silent,
      info: (message: string) => message === 'PostgreSQL is back' && back.resolve(),
    };
    const postgres = await start({ log });
    for (let time = 0; time < 4; time += 1) {
      // With many sessions to end, the postmaster outlives the one that its owner listens to.
      const sessions = Array.from({ length: 20 }, () => query(postgres.url, 'select pg_sleep(60)'));
      const ended = Promise.allSettled(sessions);
      const busy = `select count(*)::int as n from pg_stat_activity where query like '%pg_sleep(60)'`;
      while ((await query<{ n: number }>(postgres.adminUrl, busy))[0]?.n !== 20);
      back = Promise.withResolvers();
      process.kill(postgres.pid, 'SIGQUIT');
      await back.promise;
      await ended;
    }
    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('of PostgreSQL again and again: the owner is told, and it is left (S3)', async ({
    home,
    start,
  }) => {
    const lost = Promise.withResolvers<{ reason: string }>();
    let back = Promise.withResolvers<void>();
    const log = {
      ...silent,
      info: (message: string) => message === 'PostgreSQL is back' && back.resolve(),
    };
    const postgres = await start({ log, onLost: lost.resolve });
    const isLost = lost.promise.then(() => 'lost' as const);
    let outcome: string | void = undefined;
    for (let deaths = 0; deaths < 10 && outcome !== 'lost'; deaths += 1) {
      back = Promise.withResolvers<void>();
      process.kill(postgres.pid, 'SIGKILL');
      outcome = await Promise.race([back.promise, isLost]);
    }
    expect(await lost.promise).toMatchObject({ reason: 'start-failed' });
    await postgres.stop();
    expect(await inspectEmbeddedPostgres(home)).toMatchObject({
      pid: null,
      url: null,
      owner: { kind: 'free' },
    });
  });

  test('of both at once: the directory opens again', async ({ start, owner }) => {
    const killed = await owner();
    await keep(killed.said.url ?? '');
    process.kill(killed.said.pid ?? 0, 'SIGKILL');
    await killHard(killed);
    const { url, adopted } = await start();
    expect(adopted).toBe(false);
    expect(await kept(url)).toEqual([{ word: 'here' }]);
  });

  test('a stale postmaster.pid whose pid another program has is no obstacle', async ({
    home,
    start,
  }) => {
    const first = await start();
    await keep(first.url);
    const pidFile = join(layoutOf(home, first.mode).dataDir, 'postmaster.pid');
    const text = readFileSync(pidFile, 'utf8');
    await first.stop();
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    writeFileSync(pidFile, text.replace(/^\d+/, String(stranger.pid)), { mode: 0o600 });
    const { url } = await start();
    expect(await kept(url)).toEqual([{ word: 'here' }]);
    expect(stranger.exitCode).toBeNull();
    stranger.kill();
  });

  test('of the owner: its postmaster is adopted, and sessions go on (S1)', async ({
    home,
    owner,
    start,
  }) => {
    const killed = await owner();
    const session = new pg.Client({ connectionString: killed.said.url ?? '' });
    await session.connect();
    await session.query('begin; create temporary table mine ()');
    await killHard(killed);
    const abandoned = await inspectEmbeddedPostgres(home);
    expect(abandoned).toMatchObject({ pid: killed.said.pid, owner: { kind: 'free' } });

    const postgres = await start();
    expect(postgres).toMatchObject({ adopted: true, pid: killed.said.pid, url: killed.said.url });
    await session.query('select * from mine');
    await session.end();
    await postgres.stop();
    expect(isAlive(killed.said.pid ?? 0)).toBe(false);
  });

  test('of an adopted postmaster: it is brought back too (S3)', async ({ owner, start }) => {
    await killHard(await owner());
    const back = Promise.withResolvers<void>();
    const log = {
      ...silent,
      info: (message: string) => message === 'PostgreSQL is back' && back.resolve(),
    };
    const postgres = await start({ log });
    process.kill(postgres.pid, 'SIGKILL');
    await back.promise;
    expect(await query(postgres.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('two owners', () => {
  test('the second process is refused and told the pid of the first (P1, P3)', async ({
    home,
    owner,
    start,
  }) => {
    const first = await owner();
    await expect(start()).rejects.toMatchObject({ reason: 'locked', ownerPid: first.child.pid });
    const { owner: seen, pid, url } = await inspectEmbeddedPostgres(home);
    expect(url).toBe(first.said.url);
    expect(seen).toEqual({ kind: 'held', ownerPid: first.child.pid });
    expect(pid).toBe(first.said.pid);
    expect(await query(first.said.url ?? '', 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('the same process twice is refused as well (P1)', async ({ start }) => {
    await start();
    await expect(start()).rejects.toMatchObject({ reason: 'locked', ownerPid: process.pid });
  });

  test('of several that start at one instant on a new home exactly one wins (P1)', async ({
    owner,
  }) => {
    const all = await Promise.all([owner(), owner(), owner(), owner()]);
    const winners = all.filter(({ said }) => said.pid !== undefined);
    expect(winners).toHaveLength(1);
    const winner = winners[0]?.child.pid;
    const losers = all.filter(({ said }) => said.pid === undefined);
    for (const { said } of losers)
      expect(said).toMatchObject({ reason: 'locked', ownerPid: winner });
  });

  test('the lock in the database holds where the one on the home was removed (S2)', async ({
    home,
    owner,
    start,
  }) => {
    const first = await owner();
    unlinkSync(join(home, 'postgres', 'lock'));
    await expect(start()).rejects.toMatchObject({ reason: 'locked', ownerPid: first.child.pid });
    expect(await query(first.said.url ?? '', 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('the lock ends with a killed holder, and nobody has to clean up (P2)', async ({
    home,
    owner,
  }) => {
    await killHard(await owner());
    const next = await owner();
    expect(next.said.adopted).toBe(true);
    expect((await inspectEmbeddedPostgres(home)).owner).toEqual({
      kind: 'held',
      ownerPid: next.child.pid,
    });
  });

  test('a home in use is not discarded', async ({ home, start }) => {
    await start();
    expect(await discardEmbeddedPostgres(home)).toBe('in-use');
  });
});

describe('a start that is given up', () => {
  const givenUp = { reason: 'aborted' };
  const soon = { timeout: 15_000, interval: 5 };

  test('before it began leaves nothing', async ({ home, start }) => {
    await expect(start({ signal: AbortSignal.abort() })).rejects.toMatchObject(givenUp);
    expect(await inspectEmbeddedPostgres(home)).toMatchObject({ pid: null, dataMajor: null });
  });

  test('in the middle of initdb leaves a home that starts', async ({ home, start }) => {
    const stop = new AbortController();
    const starting = start({ cacheDir: null, signal: stop.signal });
    const databases = join(home, 'postgres', 'data.new', 'base');
    await expect.poll(() => existsSync(databases), soon).toBe(true);
    stop.abort();
    await expect(starting).rejects.toMatchObject(givenUp);
    // The last one that initdb makes: it was not waited for.
    expect(existsSync(join(databases, '5'))).toBe(false);
    expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('while PostgreSQL does not answer yet stops it again (S4)', async ({ home, start }) => {
    const stop = new AbortController();
    // Each connection waits so many seconds before it may sign in.
    const starting = start({ settings: { pre_auth_delay: 2 }, signal: stop.signal });
    const running = (): unknown => findPostmaster(join(home, 'postgres', 'data'))?.isReady;
    await expect.poll(running, soon).toBe(true);
    const { pid } = await inspectEmbeddedPostgres(home);
    stop.abort();
    await expect(starting).rejects.toMatchObject(givenUp);
    expect(isAlive(pid ?? 0)).toBe(false);
    expect(await inspectEmbeddedPostgres(home)).toMatchObject({
      pid: null,
      owner: { kind: 'free' },
    });
  });

  test('and a stop in the middle of bringing it back leaves nothing running (S4)', async ({
    home,
    start,
  }) => {
    const noticed = Promise.withResolvers<void>();
    const postgres = await start({ log: { ...silent, warn: () => noticed.resolve() } });
    process.kill(postgres.pid, 'SIGKILL');
    await noticed.promise;
    await postgres.stop();
    expect(await inspectEmbeddedPostgres(home)).toMatchObject({
      pid: null,
      owner: { kind: 'free' },
    });
  });
});

describe('the process', () => {
  test('is out of reach of the terminal: a session of its own', async ({ start }) => {
    const { pid } = await start();
    if (process.platform !== 'linux') return;
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const [, , processGroup, session] = fields;
    expect([processGroup, session]).toEqual([String(pid), String(pid)]);
  });

  test('sees nothing of our environment', async ({ start }) => {
    process.env['SECRET_OF_THE_CALLER'] = 'secret';
    const { pid } = await start();
    delete process.env['SECRET_OF_THE_CALLER'];
    if (process.platform !== 'linux') return;
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('secret');
  });

  test('runs for an ordinary user', async ({ home, owner }) => {
    const place = join(home, 'postgres');
    if (!isRoot) {
      const { said } = await owner();
      expect(said.mode).toBe('own-user');
      return;
    }
    const canRead = spawn(
      process.execPath,
      ['-e', `require('node:fs').readFileSync(process.argv[1])`, import.meta.filename],
      { cwd: '/', uid: NOBODY, gid: NOBODY, stdio: 'ignore' },
    );
    const [code] = (await once(canRead, 'exit')) as [number];
    if (code !== 0) {
      console.warn('not tried: no ordinary user can read these sources');
      return;
    }
    chownSync(home, NOBODY, NOBODY);
    const { child, said } = await owner({ uid: NOBODY });
    expect(said).toMatchObject({ mode: 'own-user', adopted: false });
    await keep(said.url ?? '');
    expect(statSync(place).uid).toBe(NOBODY);
    child.stdin?.end();
    await once(child, 'exit');
    // Root does not take over what is another user's.
    await expect(startEmbeddedPostgres({ home, log: silent })).rejects.toMatchObject({
      reason: 'foreign-directory',
      remedy: expect.stringContaining(`start as user ${NOBODY}`),
    });
    rmSync(place, { recursive: true });
  });

  test('runs for a user without a name, as containers hand out', async ({ home, owner }) => {
    const uid = 41_234;
    if (!isRoot || process.platform !== 'linux') return;
    const inNamespace = ['--user', '--map-user=65534', 'cat', import.meta.filename];
    const probe = spawn('unshare', inNamespace, { cwd: '/', uid, gid: uid, stdio: 'ignore' });
    const [code] = (await once(probe, 'exit')) as [number];
    if (code !== 0) {
      console.warn('not tried: no ordinary user can make a namespace and read these sources');
      return;
    }
    chownSync(home, uid, uid);
    const { child, said } = await owner({ uid });
    expect(said).toMatchObject({ mode: 'user-namespace', adopted: false });
    child.stdin?.end();
    await once(child, 'exit');
    rmSync(join(home, 'postgres'), { recursive: true });
  });

  test('runs as nobody where root may not make namespaces', async ({ home, start }) => {
    if (!isRoot || process.platform !== 'linux') return;
    const first = await start({ mode: 'nobody' });
    await keep(first.url);
    const { dataDir } = layoutOf(home, 'nobody');
    expect(statSync(dataDir).uid).toBe(NOBODY);
    expect(readFileSync(`/proc/${first.pid}/status`, 'utf8')).toMatch(/^Uid:\t65534\t65534/m);
    await first.stop();
    // The data stays where it is, whatever is allowed by now.
    const second = await start();
    expect(second.mode).toBe('nobody');
    expect(await kept(second.url)).toEqual([{ word: 'here' }]);
  });
});
