import { createPublicKey, verify, type webcrypto } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { workerCredentialFile } from '@sagewai/sdk/node';
import {
  proofIn,
  scriptedFleet,
  type ScriptedFleet,
  WORKER_ID,
} from '@sagewai/testing/scripted-fleet';
import { describe, expect, onTestFinished, test } from 'vitest';

import { start } from './supervise-fixture.ts';

const OPEN = 'fleet.openWorkerSession';
const REGISTER = 'fleet.registerWorker';
const REPLACED = { status: 409, json: { code: 'worker_session.replaced', detail: 'A newer one.' } };

const proofsOf = (fleet: ScriptedFleet, id: Parameters<ScriptedFleet['asked']>[0]) =>
  fleet.asked(id).flatMap(({ headers }) => proofIn(headers) ?? []);

async function generationIn(home: string): Promise<Record<string, unknown>> {
  const folder = join(home, 'workers');
  const file = (await readdir(folder)).find((name) => name.endsWith('.generation')) ?? '';
  return JSON.parse(await readFile(join(folder, file), 'utf8')) as Record<string, unknown>;
}

async function emptyHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'sagewai-worker-'));
  onTestFinished(() => rm(home, { recursive: true }));
  return home;
}

/** As a worker of an older version has left it. */
async function homeWithoutKey(url: string): Promise<string> {
  const home = await emptyHome();
  await mkdir(join(home, 'workers'));
  const credential = { url, name: 'w', worker_id: WORKER_ID, worker_secret: 'old secret' };
  const declared = { organization_id: 'o', pool: 'gpu', models: ['m'], labels: {} };
  const text = JSON.stringify({ ...credential, ...declared });
  await writeFile(workerCredentialFile(home, url, 'w'), text);
  return home;
}

describe('a key pair', () => {
  test('is made once, and proves each registration and each opening with what is shown', async () => {
    const fleet = await scriptedFleet();
    const first = await start(fleet.url, { enrollmentKey: 'sk-fleet-1' });
    await fleet.reached('fleet.claimRuns');
    await first.drain();
    const second = await start(fleet.url, { home: first.home });
    await second.said(/, session \d/);
    await second.drain();
    const { headers, body } = await fleet.reached(REGISTER);
    const { public_key: jwk } = body as { public_key: webcrypto.JsonWebKey };
    const key = createPublicKey({ format: 'jwk', key: { ...jwk } });
    for (const shown of [headers, ...fleet.asked(OPEN).map((asked) => asked.headers)]) {
      const [head, claims, signature = ''] = String(shown['x-worker-proof']).split('.');
      const bytes = Buffer.from(signature, 'base64url');
      expect(verify(null, Buffer.from(`${head}.${claims}`), key, bytes)).toBe(true);
    }
    expect(proofsOf(fleet, REGISTER)).toMatchObject([{ gen: 0 }]);
    expect(proofsOf(fleet, OPEN)).toMatchObject([{ gen: 1 }, { gen: 2 }]);
    expect(await generationIn(first.home)).toMatchObject({ generation: 3, renewal_id: null });
  });

  test('of another file is another registration', async () => {
    const fleet = await scriptedFleet();
    const first = await start(fleet.url);
    await fleet.reached('fleet.claimRuns');
    await first.drain();
    await rm(workerCredentialFile(first.home, fleet.url, 'w').replace(/json$/, 'key'));
    const second = await start(fleet.url, { home: first.home });
    await second.said(/its key pair changed/);
    const bodies = [await fleet.reached(REGISTER), await fleet.reached(REGISTER, 2)].map(
      ({ body }) => body as { public_key: object },
    );
    expect(bodies[1]?.public_key).not.toEqual(bodies[0]?.public_key);
  });

  test('is given up by an evicted worker, which enrolls as another', async () => {
    const fleet = await scriptedFleet();
    const first = await start(fleet.url, { enrollmentKey: 'sk-fleet-1' });
    await fleet.reached('fleet.claimRuns');
    const { session } = fleet;
    fleet.on(OPEN, (_, nth) =>
      nth === 2
        ? { status: 401, json: { code: 'worker.evicted', detail: 'evicted' } }
        : { status: 201, json: session() },
    );
    fleet.on('fleet.heartbeat', () => ({
      status: 401,
      json: { code: 'worker.evicted', detail: 'evicted' },
    }));
    await fleet.reached(REGISTER, 2);
    const [one, other] = fleet
      .asked(REGISTER)
      .map(({ body }) => (body as { public_key: { x: string } }).public_key.x);
    expect(one).not.toBe(other);
    await first.said(/evicted: enrolling again/);
  });

  test.each(['worker.banned', 'worker.locked'])(
    'a worker that is %s keeps it, and ends',
    async (code) => {
      const fleet = await scriptedFleet();
      const worker = await start(fleet.url, { enrollmentKey: 'sk-fleet-1' });
      await fleet.reached('fleet.claimRuns');
      fleet.on('fleet.heartbeat', () => ({ status: 403, json: { code, detail: 'No.' } }));
      expect(await worker.ended).toMatchObject({ kind: 'fatal', why: 'auth' });
      fleet.on(OPEN, () => ({ status: 403, json: { code, detail: 'No.' } }));
      const again = await start(fleet.url, { enrollmentKey: 'sk-fleet-1', home: worker.home });
      const end = await again.ended;
      const advice = code === 'worker.locked' ? `fleet unlock ${WORKER_ID}` : 'No.';
      expect(end).toMatchObject({ why: 'auth', reason: expect.stringContaining(advice) });
      expect(fleet.asked(REGISTER)).toHaveLength(1);
    },
  );

  test('a proof that is refused is not a credential that was forgotten', async () => {
    const fleet = await scriptedFleet();
    const first = await start(fleet.url, { enrollmentKey: 'sk-fleet-1' });
    await fleet.reached('fleet.claimRuns');
    await first.drain();
    const json = { code: 'proof.required', detail: 'the clocks differ by 900 s' };
    fleet.on(OPEN, () => ({ status: 401, json }));
    const again = await start(fleet.url, { enrollmentKey: 'sk-fleet-1', home: first.home });
    expect(await again.ended).toMatchObject({ why: 'auth', reason: json.detail });
    expect(fleet.asked(REGISTER)).toHaveLength(1);
  });
});

describe('a worker without a key pair', () => {
  test('brings one, and stays the same worker', async () => {
    const fleet = await scriptedFleet();
    const home = await homeWithoutKey(fleet.url);
    const first = await start(fleet.url, { home });
    await fleet.reached('fleet.claimRuns');
    await first.drain();
    const second = await start(fleet.url, { home });
    await second.said(/, session \d/);
    await second.drain();
    const asked = fleet.asked(REGISTER);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers).toMatchObject({
      'x-worker-id': WORKER_ID,
      'x-worker-secret': 'old secret',
    });
    expect(asked[0]?.body).toEqual({ public_key: expect.anything() });
    expect(proofsOf(fleet, OPEN)).toMatchObject([{ gen: 1 }, { gen: 2 }]);
  });

  test('whose answer is lost brings it again by the same name', async () => {
    const fleet = await scriptedFleet();
    const home = await homeWithoutKey(fleet.url);
    fleet.on(REGISTER, () => 'hang up');
    const first = await start(fleet.url, { home });
    await fleet.reached(REGISTER);
    await first.drain();
    await start(fleet.url, { home });
    await fleet.reached(REGISTER, 2);
    const [one, other] = proofsOf(fleet, REGISTER);
    expect(other).toMatchObject({ jti: one?.jti, gen: 0 });
  });

  test.each([
    ['does not answer it', { status: 201 }],
    ['refuses it', { status: 400, json: { code: 'request.invalid', detail: 'what is that?' } }],
  ])('goes on as it was beside an older server that %s', async (_, answer) => {
    const fleet = await scriptedFleet();
    fleet.keys.areKnown = false;
    if (answer.status === 400) fleet.on(REGISTER, () => answer);
    const home = await homeWithoutKey(fleet.url);
    const worker = await start(fleet.url, { home });
    await fleet.reached('fleet.claimRuns');
    expect(proofsOf(fleet, OPEN)).toEqual([]);
    await worker.drain();
  });

  test('that has a token of its own brings one when it is asked to', async () => {
    const fleet = await scriptedFleet();
    const body = Buffer.from(JSON.stringify({ sub: WORKER_ID, jti: 'i' })).toString('base64url');
    const workerToken = `wrt-1.a.${body}.c`;
    const { session } = fleet;
    const json = { code: 'proof.required', detail: 'unbound' };
    fleet.on(OPEN, ({ headers }) =>
      proofIn(headers) === null ? { status: 401, json } : { status: 201, json: session() },
    );
    const first = await start(fleet.url, { workerToken });
    await fleet.reached('fleet.claimRuns');
    await first.drain();
    expect(fleet.asked(REGISTER)[0]?.headers).toMatchObject({ 'x-enrollment-key': workerToken });
    await start(fleet.url, { workerToken, home: first.home });
    await fleet.reached('fleet.claimRuns', 2);
    expect(fleet.asked(REGISTER)).toHaveLength(1);
  });

  test('a token of no worker yet registers one, with its key pair', async () => {
    const fleet = await scriptedFleet();
    const body = Buffer.from(JSON.stringify({ jti: 'i' })).toString('base64url');
    await start(fleet.url, { workerToken: `wrt-1.a.${body}.c` });
    await fleet.reached('fleet.claimRuns');
    expect(proofsOf(fleet, REGISTER)).toMatchObject([{ gen: 0 }]);
    expect(proofsOf(fleet, OPEN)).toMatchObject([{ gen: 1 }]);
  });
});

describe('a renewal', () => {
  test('is asked for when it is due, and not before', async () => {
    const fleet = await scriptedFleet();
    const worker = await start(fleet.url);
    await fleet.reached('fleet.heartbeat', 3);
    expect(proofsOf(fleet, 'fleet.heartbeat')).toEqual([]);
    await worker.drain();
    fleet.keys.renewInMs = 0;
    await start(fleet.url, { home: worker.home });
    while (proofsOf(fleet, 'fleet.heartbeat').length < 3) {
      await fleet.reached('fleet.heartbeat', fleet.asked('fleet.heartbeat').length + 1);
    }
    const gens = proofsOf(fleet, 'fleet.heartbeat').map(({ gen }) => gen);
    expect(gens.slice(0, 3)).toEqual([3, 4, 5]);
  });

  test('whose answer is lost is asked for by the same name, by the next process too', async () => {
    const fleet = await scriptedFleet();
    fleet.keys.renewInMs = 0;
    fleet.on('fleet.heartbeat', () => 'hang up');
    const first = await start(fleet.url);
    await fleet.reached('fleet.heartbeat', 2);
    // As a crash would leave it: no answer was heard.
    await first.drain();
    const [one, again] = proofsOf(fleet, 'fleet.heartbeat');
    expect(again).toMatchObject({ jti: one?.jti, gen: 2 });
    expect(await generationIn(first.home)).toMatchObject({ generation: 2, renewal_id: one?.jti });
    await start(fleet.url, { home: first.home });
    await fleet.reached(OPEN, 2);
    expect(proofsOf(fleet, OPEN)[1]).toMatchObject({ jti: one?.jti, gen: 2 });
  });

  test('is not asked for when its name cannot be kept; the worker lives on', async () => {
    const fleet = await scriptedFleet();
    fleet.keys.renewInMs = 200;
    const worker = await start(fleet.url, { heartbeatIntervalMs: 50 });
    await fleet.reached('fleet.claimRuns');
    await rm(join(worker.home, 'workers'), { recursive: true });
    await writeFile(join(worker.home, 'workers'), 'in the way');
    await worker.said(/no new token is asked for: its generation cannot be kept/);
    const beats = fleet.asked('fleet.heartbeat').length;
    await fleet.reached('fleet.heartbeat', beats + 2);
    expect(proofsOf(fleet, 'fleet.heartbeat')).toEqual([]);
  });

  test('counts in memory where nothing can be written', async () => {
    const fleet = await scriptedFleet();
    fleet.keys.renewInMs = 0;
    const home = `${fileURLToPath(import.meta.url)}/home`;
    const unknown = { status: 401, json: { code: 'caller.unknown', detail: 'expired' } };
    const worker = await start(fleet.url, { home });
    while (proofsOf(fleet, 'fleet.heartbeat').length < 2) {
      await fleet.reached('fleet.heartbeat', fleet.asked('fleet.heartbeat').length + 1);
    }
    fleet.on('fleet.heartbeat', () => unknown);
    await fleet.reached(OPEN, 2);
    const { gen = 0 } = proofsOf(fleet, 'fleet.heartbeat').at(-1) ?? {};
    expect(proofsOf(fleet, OPEN)[1]?.gen).toBeGreaterThanOrEqual(gen);
    expect(gen).toBeGreaterThan(2);
    expect(fleet.asked(REGISTER)).toHaveLength(1);
    await worker.drain();
  });
});

describe('a session that was replaced', () => {
  test('by nobody of this home is opened again with the generation that is known here', async () => {
    const fleet = await scriptedFleet();
    const worker = await start(fleet.url);
    await fleet.reached('fleet.claimRuns');
    const copy = join(await emptyHome(), 'copy');
    await cp(worker.home, copy, { recursive: true });
    const thief = await start(fleet.url, { home: copy });
    await fleet.reached(OPEN, 2);
    await fleet.reached('fleet.claimRuns', 2);
    await thief.drain();
    fleet.on('fleet.heartbeat', () => REPLACED);
    const locked = { code: 'worker.locked', detail: 'Locked.' };
    fleet.on(OPEN, () => ({ status: 403, json: locked }));
    expect(await worker.ended).toMatchObject({
      why: 'auth',
      reason: expect.stringContaining(`sagewai fleet evict ${WORKER_ID}`),
    });
    expect(proofsOf(fleet, OPEN).map(({ gen }) => gen)).toEqual([1, 2, 2]);
  });
});
