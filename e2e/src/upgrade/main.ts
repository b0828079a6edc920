/**
 * An upgrade, drilled: a former release with data, its servers and workers beside ours on one database, and what
 * becomes of the way back. `--from` is a tag or a commit; without it the last tag, and where there is none the commit of 50 changes ago.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startPostgres } from '../harness/database.ts';
import { chat, type Installation, install, makeKey } from '../harness/installation.ts';
import { litellmConfig } from '../harness/model-config.ts';
import { startSagewai } from '../harness/sagewai.ts';
import { createServer, type Server } from '../harness/server.ts';
import { openStage, type Stage } from '../harness/stage.ts';
import { waitUntil } from '../harness/wait-until.ts';
import { makeEnrollmentKey } from '../harness/worker.ts';

const MODEL = { name: 'scripted', inputPrice: 0.000_001, outputPrice: 0.000_002 };
const CHANGES_AGO = 50;

const git = (...words: readonly string[]): string =>
  execFileSync('git', words, { encoding: 'utf8' }).trim();

function formerRelease(given: string | undefined): string {
  if (given !== undefined) return given;
  const tags = git('tag', '--merged', 'HEAD~1', '--sort=-creatordate').split('\n');
  return tags[0] || git('rev-parse', `HEAD~${CHANGES_AGO}`);
}

/** A tree of its own, with what it needs installed. Returns its launcher. */
function checkOut(revision: string, folder: string): string {
  git('worktree', 'add', '--detach', folder, revision);
  execFileSync(process.execPath, ['tools/bootstrap.mjs'], { cwd: folder, stdio: 'inherit' });
  return join(folder, 'apps/launcher/bin/sagewai.js');
}

async function startWorkerOf(
  stage: Stage,
  {
    name,
    server,
    pool,
    launcher,
  }: { name: string; server: Server; pool: string; launcher?: string },
): Promise<void> {
  const worker = startSagewai(stage, ['worker'], {
    name,
    environment: {
      FLEET_GATEWAY_URL: server.url,
      ENROLLMENT_KEY: await makeEnrollmentKey(server),
      SAGEWAI_HOME: join(stage.folder, `${name}-home`),
      WORKER_NAME: name,
      WORKER_POOL: pool,
      WORKER_MODELS: MODEL.name,
      POLL_TIMEOUT: '5s',
      OLLAMA_HOST: 'http://127.0.0.1:9',
    },
    ...(launcher === undefined ? {} : { launcher }),
  });
  await worker.says(/session \d+/);
}

/** A run of the pool, submitted at one server. */
async function runIn(server: Server, pool: string): Promise<string> {
  const payload = { agent: { name: 'a', model: MODEL.name, max_tokens: 30 }, message: 'Say yes.' };
  const { id } = await server.askWell('/api/v1/runs', {
    body: { model: MODEL.name, pool, payload },
  });
  const run = await waitUntil(
    async () => {
      const found = await server.askWell(`/api/v1/runs/${id}`);
      return ['completed', 'failed'].includes(found.state as string) ? found : null;
    },
    { otherwise: `run ${id} of the pool ${pool} does not end` },
  );
  assert.equal(run.state, 'completed');
  return id as string;
}

const oursBeside = ({ database, secrets, upstream }: Installation, stage: Stage) =>
  createServer(stage, {
    databaseUrl: database.url,
    secrets,
    config: litellmConfig(upstream.url, [MODEL]),
    name: 'ours',
  });

async function drill(stage: Stage, former: string): Promise<void> {
  const database = await startPostgres(stage);
  const installed = await install(stage, null, { models: [MODEL], database, launcher: former });
  const { server: theirs } = installed;
  await startWorkerOf(stage, { name: 'former', server: theirs, pool: 'former', launcher: former });
  const before = await runIn(theirs, 'former');
  const { key } = await makeKey(theirs, { usdPerDay: '5' });
  const call = async (server: Server): Promise<void> => {
    const { status } = await chat(server.url, key, { model: MODEL.name });
    assert.equal(status, 200, `a model call at ${server.url}`);
  };
  await call(theirs);
  console.log('ok   a former release with a run, a key and a call');

  const ours = await oursBeside(installed, stage);
  await ours.ready();
  assert.equal((await ours.askWell(`/api/v1/runs/${before}`)).state, 'completed');
  await startWorkerOf(stage, { name: 'ours', server: theirs, pool: 'ours' });
  await runIn(ours, 'former');
  console.log(
    'ok   a run that is submitted at our server, done by a former worker at a former server',
  );
  await runIn(theirs, 'ours');
  console.log('ok   a run that is submitted at a former server, done by our worker there');
  await Promise.all([call(ours), call(theirs)]);

  await startWorkerOf(stage, { name: 'late', server: ours, pool: 'late', launcher: former });
  await runIn(ours, 'late');
  console.log('ok   a former worker at our server');
  await theirs.stop();
  await call(ours);
  assert.equal((await ours.askWell('/api/v1/spend')).spend.length > 5, true);

  // Its functions would replace ours: it may go on beside them, but not begin.
  theirs.start();
  const process = theirs.process();
  const isReady = await Promise.race([
    process.ended.then(() => false),
    theirs.ready().then(
      () => true,
      () => false,
    ),
  ]);
  if (!isReady) assert.match(process.text(), /start the newer version/);
  const told = isReady
    ? 'begins again: no migration lies between'
    : 'does not begin on our schema, and says so';
  console.log(`ok   the former release ${told}`);
  await call(ours);
}

const { values } = parseArgs({ options: { from: { type: 'string' } } });
const revision = formerRelease(values.from);
const folder = join(mkdtempSync(join(tmpdir(), 'upgrade-')), 'former');
console.log(`from ${revision}`);
const stage = await openStage();
try {
  await drill(stage, checkOut(revision, folder));
} catch (error) {
  console.error(stage.logs());
  throw error;
} finally {
  await stage.close();
  git('worktree', 'remove', '--force', folder);
}
