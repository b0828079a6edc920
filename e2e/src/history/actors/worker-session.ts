import type { Arena, Sent } from '../arena.ts';
import type { Random } from '../random.ts';

export interface Held {
  readonly runId: string;
  readonly epoch: number;
  readonly attempt: number;
  /** What the run itself may do. */
  readonly runToken: string;
  /** Its run has a policy of retries. */
  readonly policed: boolean;
}

export interface Declared {
  readonly name: string;
  readonly pool: string;
  readonly models: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** A worker of the checker's own making: the protocol's requests, without the good manners of ours. */
export interface WorkerSession {
  readonly workerId: string;
  /** Opens a new session; the one before is over. False when no answer arrived. */
  reopen(): Promise<boolean>;
  post(path: string, body: unknown, lose?: boolean): Promise<Sent>;
}

/** Registers until it is answered; null when the time is up first. */
export async function register(
  arena: Arena,
  random: Random,
  { declared, signal }: { declared: Declared; signal: AbortSignal },
): Promise<WorkerSession | null> {
  for (;;) {
    if (signal.aborted) return null;
    const { answer } = await arena.send(random, '/api/v1/fleet/register', {
      headers: { 'x-enrollment-key': arena.enrollmentKey },
      body: { ...declared, max_concurrent: 200 },
    });
    if (answer?.status === 201) {
      const registered = answer.json as Registered;
      const { pool, models, labels = {} } = declared;
      const { worker_id: workerId } = registered;
      arena.journal.record({ kind: 'registered', workerId, pool, models, labels });
      return sessionOf(arena, random, registered);
    }
    if (answer && answer.status < 500) throw new Error(`registration was refused: ${answer.text}`);
  }
}

interface Registered {
  readonly worker_id: string;
  readonly worker_secret: string;
  readonly token: string;
}

function sessionOf(arena: Arena, random: Random, registered: Registered): WorkerSession {
  const { worker_id: workerId, worker_secret: secret } = registered;
  let { token } = registered;

  async function reopen(): Promise<boolean> {
    const { answer } = await arena.send(random, '/api/v1/fleet/sessions', {
      method: 'POST',
      headers: { 'x-worker-id': workerId, 'x-worker-secret': secret },
    });
    if (answer?.status !== 201) return false;
    ({ token } = answer.json as Registered);
    arena.journal.count('sessions');
    return true;
  }
  return {
    workerId,
    reopen,
    post: async (path, body, lose = false) => {
      const headers = { authorization: `Bearer ${token}` };
      const sent = await arena.send(random, path, { headers, body, lose });
      const renewed: unknown = sent.answer?.json?.token;
      if (typeof renewed === 'string') token = renewed;
      return sent;
    },
  };
}
