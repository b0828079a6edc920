import { createClient, type SagewaiClient, type Send } from '@sagewai/sdk';

import { type Redact, redactDeep } from './credentials/redact.ts';
import type { Lease } from './lease.ts';
import { listChildren } from './list-children.ts';
import {
  CHILDREN,
  type ChildOutcome,
  type Children,
  type ChildSubmission,
  RunFailed,
  RunWaits,
} from './workflows/workflow.ts';

export interface ChildRunsOptions {
  readonly client: Pick<SagewaiClient, 'url'>;
  readonly send: Send;
  readonly lease: Pick<Lease, 'runId' | 'runToken' | 'resume'>;
  readonly redact: Redact;
  readonly signal: AbortSignal;
  /** The server is not to see what the run was given. */
  readonly isSealed: boolean;
}

const NAME_LENGTH_MAX = 100;

/** What a run submits under itself, with its own token: nobody else's is good for it. */
export function createChildRuns(options: ChildRunsOptions): Children {
  const { send, lease, redact, signal } = options;
  const client = createClient({ url: options.client.url, send, signal, token: lease.runToken });
  const idOf = new Map<string, string>();

  async function submit(name: string, run: ChildSubmission): Promise<string> {
    if (options.isSealed) {
      throw new RunFailed('a sealed run submits no others: the server would read what they ask');
    }
    if (name === '' || name.length > NAME_LENGTH_MAX) {
      throw new RunFailed(`the name of a child has 1 to ${NAME_LENGTH_MAX} characters`);
    }
    // The run may begin anew: then it is given the children that it has.
    const idempotencyKey = `child:${lease.runId}:${name}`;
    const body = redactDeep(run, redact) as ChildSubmission;
    const { id } = await client.submitRun(body, { idempotencyKey });
    idOf.set(name, id);
    return id;
  }

  async function outcomes(timeoutSeconds?: number): Promise<ChildOutcome[]> {
    const known = await listChildren(client, lease.runId);
    const mine = [...idOf].map(([name, id]) => ({ name, id, child: known.get(id) }));
    const isLeft = mine.some(({ child }) => child === undefined || child.finished_at === null);
    if (isLeft) {
      const { resume } = lease;
      if (resume?.kind === 'timeout' && resume.name === CHILDREN) {
        throw new RunFailed('its children were not over in time');
      }
      throw new RunWaits({
        for: 'children',
        name: CHILDREN,
        ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
      });
    }
    return mine.flatMap(({ name, id, child }) =>
      child === undefined
        ? []
        : [{ name, id, state: child.state, output: child.output, error: child.error }],
    );
  }

  return { submit, outcomes };
}
