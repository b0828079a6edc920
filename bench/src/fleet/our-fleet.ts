import { randomUUID } from 'node:crypto';

import { type Api, createApi, type Credentials } from '../common/api.ts';
import type { Server } from '../common/server.ts';

export const POOL = 'bench';
export const MODEL = 'bench-model';
const ENROLLMENT_KEY_NAME = 'bench';
const FLEET = '/api/v1/fleet';

/** What a lease is claimed with and reported by. */
export interface Lease {
  readonly run_id: string;
  readonly epoch: number;
}

export interface OurWorker {
  /** Up to `slots` runs, as soon as there is one; nothing after `waitSeconds`. */
  claim(slots: number, waitSeconds: number): Promise<readonly Lease[]>;
  /** One run or null, as workers of the older API ask. */
  claimOne(waitSeconds: number): Promise<Lease | null>;
  /** How many of the reports were not accepted as first and final. */
  report(leases: readonly Lease[]): Promise<number>;
  reportOne(lease: Lease): Promise<number>;
}

/** Our server as those who submit and those who work see it. */
export interface OurFleet {
  readonly enrollmentKey: string;
  submit(count: number, submission: object): Promise<void>;
  submitOne(submission: object): Promise<void>;
  enroll(name: string): Promise<OurWorker>;
}

export async function openFleet(server: Server): Promise<OurFleet> {
  const api = createApi(server.url, server.administrator);
  const { key } = (await api.post(`${FLEET}/enrollment-keys`, { name: ENROLLMENT_KEY_NAME })) as {
    key: string;
  };
  return {
    enrollmentKey: key,
    submit: async (count, submission) => {
      await api.post(`${FLEET}/tasks/batch`, {
        tasks: Array.from({ length: count }, () => submission),
      });
    },
    submitOne: async (submission) => void (await api.post(`${FLEET}/tasks`, submission)),
    enroll: async (name) => {
      const { token } = (await api.post(
        `${FLEET}/register`,
        { name, pool: POOL, models: [MODEL], max_concurrent: 10_000 },
        { 'x-enrollment-key': key },
      )) as { token: string };
      return workerOf(api, { authorization: `Bearer ${token}` });
    },
  };
}

interface Reported {
  readonly status: 'ok' | 'lost';
  readonly requeued: boolean;
  readonly repeated: boolean;
}

function workerOf(api: Api, credentials: Credentials): OurWorker {
  const output = { text: 'done' };
  return {
    claim: async (slots, waitSeconds) => {
      const body = { slots, poll_timeout: waitSeconds, poll_id: randomUUID() };
      const answer = await api.post(`${FLEET}/claim`, body, credentials);
      return (answer as { leases: Lease[] }).leases;
    },
    claimOne: async (waitSeconds) =>
      (await api.post(
        `${FLEET}/claim`,
        { poll_timeout: waitSeconds },
        credentials,
      )) as Lease | null,
    report: async (leases) => {
      const reports = leases.map((lease) => reportOf(lease, output));
      const answer = await api.post(`${FLEET}/report/batch`, { reports }, credentials);
      return (answer as { results: Reported[] }).results.filter((one) => !isFinal(one)).length;
    },
    reportOne: async (lease) => {
      const answer = await api.post(`${FLEET}/report`, reportOf(lease, output), credentials);
      return isFinal(answer as Reported) ? 0 : 1;
    },
  };
}

function reportOf({ run_id, epoch }: Lease, output: object): object {
  return { run_id, epoch, status: 'completed', output };
}

function isFinal({ status, requeued, repeated }: Reported): boolean {
  return status === 'ok' && !requeued && !repeated;
}
