import type { IncomingHttpHeaders } from 'node:http';

import type { EndpointTable } from '@sagewai/wire';
import type { Static } from 'typebox';

import { type ScriptedServer, scriptedServer } from './scripted-server.ts';

type Body<Id extends 'fleet.claimRuns' | 'fleet.heartbeat' | 'fleet.reportRuns'> = Static<
  NonNullable<EndpointTable[Id]['body']>
>;
type HeartbeatAnswer = Static<EndpointTable['fleet.heartbeat']['output']>;
type Lease = Extract<
  Static<EndpointTable['fleet.claimRuns']['output']>,
  { leases: unknown }
>['leases'][number];
type Report = Body<'fleet.reportRuns'>['reports'][number];

export const WORKER_ID = '0199bbbb-0000-7000-8000-000000000001';
const ORGANIZATION_ID = '0199cccc-0000-7000-8000-000000000001';
const PROJECT_ID = '0199dddd-0000-7000-8000-000000000001';
const FUTURE = '2100-01-01T00:00:00Z';
const CAPABILITIES = { models: ['m'], pool: 'default', labels: {}, max_concurrent: 4 };

const idOf = (n: number): string => `0199aaaa-0000-7000-8000-${String(n).padStart(12, '0')}`;

/** The `n`-th run, under an epoch; its agent says `hello`. */
export function lease(n: number, more: Partial<Lease> = {}): Lease {
  return {
    run_id: idOf(n),
    org_id: ORGANIZATION_ID,
    project_id: PROJECT_ID,
    pool: 'default',
    model: 'm',
    labels: {},
    payload: { agent: { name: 'a', model: 'm' }, message: 'hello' },
    worker_id: WORKER_ID,
    claimed_at: '2026-01-01T00:00:00Z',
    epoch: n,
    attempt: 1,
    max_attempts: 3,
    deadline: null,
    run_token: `rt-1.${n}`,
    ...more,
  };
}

/** A chat completion as a provider gives it. */
export const completion = (content: string): object => ({
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm-2026',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
});

export interface ShownProof {
  readonly jti: string;
  readonly gen: number;
  readonly htu: string;
}

/** What a worker claims with the proof of its key pair; null without one. */
export function proofIn(headers: IncomingHttpHeaders): ShownProof | null {
  const [, claims] = String(headers['x-worker-proof'] ?? '').split('.');
  if (claims === undefined) return null;
  return JSON.parse(Buffer.from(claims, 'base64url').toString()) as ShownProof;
}

export interface ScriptedFleet extends ScriptedServer {
  /** For the next poll that has room. The same `poll_id` is given the same again. */
  give(...leases: Lease[]): void;
  /** What the opening of the next session is answered. */
  readonly session: () => object;
  /** Binds tokens to key pairs that are proved. Not known to a server of an older version. */
  readonly keys: { areKnown: boolean; renewInMs: number };
  /** What heartbeats are answered, from now on. */
  readonly beats: { answer: Partial<HeartbeatAnswer> };
  /** The runs that the `nth` heartbeat named, as `run id/epoch`. */
  named(nth: number): Promise<readonly string[]>;
  /** Waits for the first heartbeat after this call that names exactly these. */
  names(...leases: Lease[]): Promise<void>;
  readonly reports: readonly Report[];
  /** Waits until so many reports have been taken, and returns them. */
  reported(count: number): Promise<readonly Report[]>;
}

/** A server to which one worker belongs: registers, opens sessions, and does what it is told. */
export async function scriptedFleet(
  status: 'pending' | 'approved' = 'approved',
): Promise<ScriptedFleet> {
  const server = await scriptedServer();
  const keys: ScriptedFleet['keys'] = { areKnown: true, renewInMs: 450_000 };
  const beats: ScriptedFleet['beats'] = { answer: { status } };
  const reports: Report[] = [];
  const ready: Lease[] = [];
  const granted = new Map<string, Lease[]>();
  let given = Promise.withResolvers<void>();
  let sessions = 0;
  const session = (): object => ({
    worker_id: WORKER_ID,
    status: beats.answer.status,
    capabilities: CAPABILITIES,
    session_epoch: (sessions += 1),
    token: `wrt-1.${sessions}`,
    token_expires_at: FUTURE,
    heartbeat_interval_ms: 30_000,
  });
  /** The next generation, to whoever proves a key pair. */
  const bound = (headers: IncomingHttpHeaders): { readonly generation?: number } => {
    const proof = keys.areKnown ? proofIn(headers) : null;
    if (proof === null) return {};
    const next = { generation: proof.gen + 1, token_renew_in_ms: keys.renewInMs };
    return next;
  };
  const renewed = (headers: IncomingHttpHeaders): object => {
    const next = bound(headers);
    const { generation } = next;
    return generation === undefined ? {} : { ...next, token: `wrt-1.renewed-${generation}` };
  };
  server.on('fleet.openWorkerSession', ({ headers }) => ({
    status: 201,
    json: { ...session(), ...bound(headers) },
  }));
  server.on('fleet.registerWorker', ({ headers }) => ({
    status: 201,
    json: {
      ...session(),
      ...bound(headers),
      organization_id: ORGANIZATION_ID,
      worker_secret: 'a secret',
      reason: null,
      dropped_models: [],
    },
  }));
  server.on('fleet.heartbeat', ({ headers }) => ({
    json: {
      ok: true,
      status: 'approved',
      session_epoch: Math.max(1, sessions),
      cancel: [],
      lost: [],
      heartbeat_interval_ms: 30_000,
      ...renewed(headers),
      ...beats.answer,
    },
  }));
  server.on('fleet.claimRuns', async ({ body }) => {
    const {
      slots = 1,
      poll_id: pollId = '',
      poll_timeout: seconds = 5,
    } = body as Body<'fleet.claimRuns'>;
    for (;;) {
      const leases = granted.get(pollId) ?? ready.splice(0, slots);
      if (leases.length > 0 || seconds === 0) {
        granted.set(pollId, leases);
        return { json: { leases } };
      }
      await given.promise;
    }
  });
  server.on('fleet.appendRunEvents', ({ body }) => {
    const { first, events } = body as Static<EndpointTable['fleet.appendRunEvents']['body'] & {}>;
    return { json: { kept: events.length, left_out: 0, next: first + events.length } };
  });
  server.on('fleet.reportRuns', ({ body }) => {
    const { reports: batch } = body as Body<'fleet.reportRuns'>;
    reports.push(...batch);
    given.resolve();
    given = Promise.withResolvers();
    const results = batch.map(({ run_id }) => ({
      run_id,
      status: 'ok' as const,
      requeued: false,
      repeated: false,
    }));
    return { json: { results } };
  });
  const named = async (nth: number): Promise<readonly string[]> => {
    const { body } = await server.reached('fleet.heartbeat', nth);
    const { runs = [] } = body as Body<'fleet.heartbeat'>;
    return runs.map(({ run_id, epoch }) => `${run_id}/${epoch}`).toSorted();
  };
  return {
    ...server,
    session,
    keys,
    beats,
    reports,
    give: (...leases) => {
      ready.push(...leases);
      given.resolve();
      given = Promise.withResolvers();
    },
    named,
    names: async (...leases) => {
      const wanted = leases.map(({ run_id, epoch }) => `${run_id}/${epoch}`).toSorted();
      for (let nth = server.asked('fleet.heartbeat').length + 1; ; nth += 1) {
        if (JSON.stringify(await named(nth)) === JSON.stringify(wanted)) return;
      }
    },
    reported: async (count) => {
      while (reports.length < count) await given.promise;
      return reports;
    },
  };
}
