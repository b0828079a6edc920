import { isDeepStrictEqual } from 'node:util';

import { type Job, job } from '@sagewai/jobs';

import { decideEngine, type Seen } from './decide-engine.ts';
import { enginesDue, ownDue, type ServedEngine, servedDue } from './due.sql.ts';
import { type Engine, isOver, originOf } from './engine.ts';
import { failOrphans, listEngineRows, noteDecided } from './engines.sql.ts';
import type { EngineParts } from './engines.ts';
import { findPort } from './processes.ts';
import { wordsFor } from './read-commands.ts';
import { createWatch } from './watch.ts';

export const WATCH_OWN = 'engines.watchOwn';
export const SERVE = 'engines.serve';
const ANSWER_BYTES_MAX = 1_000_000;
/** So many looks may be missed by a server that is busy. */
const LOOKS_MISSED_MAX = 6;
const SILENT_MS_MIN = 60_000;
/** Although the database knows of nothing to do. */
const SAFETY_MS = 60_000;

export function engineJobs(parts: EngineParts): Job[] {
  const { db, clock, settings, replica, processes } = parts;
  const silentMs = Math.max(SILENT_MS_MIN, LOOKS_MISSED_MAX * settings.lookEveryMs);
  const watchedMs = createWatch(silentMs / 2);
  return [
    job({
      name: WATCH_OWN,
      everyMs: settings.lookEveryMs,
      due: { inMs: () => ownDue(replica, processes.ids()), atLeastEveryMs: SAFETY_MS },
      runsOn: 'every-replica',
      converges: 'the processes of this server’s engines are as their states say',
      ifItNeverRuns: 'engines that were started never become ready, and are not started again',
      run: async () => {
        // Before the rows are read: a row is there before its process is.
        const running = processes.ids();
        const own = (await listEngineRows(db)).filter((engine) => engine.replica === replica);
        const known = new Set(own.map(({ id }) => id));
        const forgotten = running.filter((id) => !known.has(id)); // N6
        await Promise.all([
          ...own.map((engine) => look(engine, parts)),
          ...forgotten.map((id) => processes.stop(id)),
        ]);
      },
    }),
    job({
      name: 'engines.watchRegistered',
      everyMs: settings.lookEveryMs,
      due: { inMs: enginesDue, atLeastEveryMs: SAFETY_MS },
      runsOn: 'leader',
      converges: 'the states of registered engines are what they answer',
      ifItNeverRuns:
        'engines that were registered never become ready, or are called although they are gone',
      run: async () => {
        const others = (await listEngineRows(db)).filter((engine) => engine.replica === null);
        await Promise.all(others.map((engine) => look(engine, parts)));
        if (watchedMs(clock.now()) >= silentMs) await failOrphans(db, silentMs); // N4
      },
    }),
  ];
}

/** Of every process that calls models, whether it looks after engines or not. */
export function servingJobs({ db, settings, serve }: EngineParts): Job[] {
  let served: readonly ServedEngine[] = [];
  return [
    job({
      name: SERVE,
      everyMs: settings.serveEveryMs,
      due: { inMs: () => servedDue(served), atLeastEveryMs: SAFETY_MS },
      runsOn: 'every-replica',
      converges: 'the gateway has the engines that are ready as deployments',
      ifItNeverRuns: 'engines are not called, or are called although they are gone',
      run: async () => {
        const ready = (await listEngineRows(db)).filter(({ state }) => state === 'READY'); // N1
        const now = ready.map(({ id, model, host, port }) => ({ id, model, host, port }));
        if (isDeepStrictEqual(now, served)) return;
        serve(ready);
        served = now;
      },
    }),
  ];
}

async function look(engine: Engine, parts: EngineParts): Promise<void> {
  const { db, clock, log, settings, processes, replica, nudge } = parts;
  if (isOver(engine) && engine.replica !== null) {
    await processes.stop(engine.id);
    return;
  }
  const isOurs = engine.replica === replica;
  const ofProcess = processes.isAlive(engine.id) ? 'alive' : 'ended';
  const answers = engine.state === 'STOPPED' ? false : await isAnswering(engine, parts);
  const seen: Seen = { process: isOurs ? ofProcess : 'not ours', answers, now: clock.now() };
  const decided = decideEngine(engine, seen, settings);
  // Somebody else may have taken the port that was free.
  const isChosen = engine.options.port !== undefined && engine.options.port !== null;
  const port = decided.act === 'start' && !isChosen ? await findPort(engine.host) : engine.port;
  if (!(await noteDecided(db, engine, { decided, answers, port }))) return; // N5
  if (decided.state !== engine.state) {
    log.info('an engine has another state', { engine: engine.id, state: decided.state });
    nudge(SERVE);
  }
  if (decided.act === 'stop' || decided.act === 'start') await processes.stop(engine.id);
  if (decided.act === 'start') startProcess({ ...engine, port }, parts);
}

export function startProcess(engine: Engine, { commands, processes }: EngineParts): void {
  const command = commands.get(engine.backend ?? '');
  if (command !== undefined) processes.start(engine.id, command.program, wordsFor(command, engine));
}

/** Whatever speaks OpenAI's format lists its models. */
async function isAnswering(engine: Engine, { egress }: EngineParts): Promise<boolean> {
  try {
    const { status } = await egress.send(`${originOf(engine)}/v1/models`, {
      method: 'GET',
      headers: {},
      body: null,
      bytesMax: ANSWER_BYTES_MAX,
    });
    return status === 200;
  } catch {
    return false;
  }
}
