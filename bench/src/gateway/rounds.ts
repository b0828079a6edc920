import { once } from 'node:events';

import type { Child } from '../common/child.ts';
import { cpuUsOfFamily } from '../common/process-usage.ts';
import type { Contender } from './contender.ts';
import type { Load, Outcome } from './generator/load.ts';
import { type Kind, KINDS, requestBody } from './scripted-answer.ts';

const CONNECTIONS = 64;

/** One contender under one kind of load for one window. */
export interface Sample {
  readonly contender: string;
  readonly kind: Kind;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU of the processes under test per answer. */
  readonly cpuUs: number;
  /** CPU of its PostgreSQL per answer; null for who has none. */
  readonly databaseCpuUs: number | null;
  /** Which part of one core the processes under test used: below 1 each, something else was the limit. */
  readonly busy: number;
  readonly mistakes: number;
  readonly mistake: string | null;
}

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /**
   * Before each window, and not counted: whoever has rested since its last turn opens connections, plans statements and takes
   * shares of budgets again, and another contender may have kept its process awake meanwhile.
   */
  readonly leadInSeconds?: number;
}

/** Measures A B C A B C …, after a warm-up of each that is not counted. */
export async function playRounds(
  contenders: readonly Contender[],
  generator: Child,
  plan: Plan,
): Promise<Sample[]> {
  const turns = KINDS.flatMap((kind) => contenders.map((contender) => ({ kind, contender })));
  const samples: Sample[] = [];
  // One at a time: two at once would measure each other.
  for (const { kind, contender } of turns) {
    await sample(contender, kind, { generator, seconds: plan.warmUpSeconds });
  }
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const { kind, contender } of turns) {
      if (plan.leadInSeconds !== undefined)
        await sample(contender, kind, { generator, seconds: plan.leadInSeconds });
      samples.push(await sample(contender, kind, { generator, seconds: plan.seconds }));
    }
  }
  return samples;
}

async function sample(
  contender: Contender,
  kind: Kind,
  { generator, seconds }: { generator: Child; seconds: number },
): Promise<Sample> {
  const { ports, path, headers, processes, databasePid } = contender;
  const load: Load = {
    ports,
    path,
    headers,
    perSecond: null,
    kind,
    seconds,
    connections: CONNECTIONS,
    body: requestBody(kind),
  };
  const pids = processes.map(({ pid }) => pid);
  const before = usage(pids, databasePid);
  generator.process.send(load);
  const [outcome] = (await once(generator.process, 'message')) as [Outcome];
  const after = usage(pids, databasePid);
  const { answers, elapsedMs, p50Ms, p99Ms, mistakes, mistake } = outcome;
  return {
    contender: contender.name,
    kind,
    requestsPerSecond: (answers * 1000) / elapsedMs,
    p50Ms,
    p99Ms,
    cpuUs: (after.own - before.own) / answers,
    databaseCpuUs: databasePid === null ? null : (after.database - before.database) / answers,
    busy: (after.own - before.own) / (elapsedMs * 1000),
    mistakes,
    mistake,
  };
}

function usage(
  pids: readonly number[],
  databasePid: number | null,
): { own: number; database: number } {
  // Of a process that leaves its work to children, theirs is its own.
  const own = pids.reduce((sum, pid) => sum + cpuUsOfFamily(pid), 0);
  return { own, database: databasePid === null ? 0 : cpuUsOfFamily(databasePid) };
}
