import { type CallOutput, createClient, type SagewaiClient, type Send } from '@sagewai/sdk';
import type { ChildEnd, ChildRun, WorkflowChildren } from '@sagewai/sdk/workflow';

import type { Lease } from '../lease.ts';

export interface ChildWorkflowsOptions {
  readonly client: Pick<SagewaiClient, 'url'>;
  readonly send: Send;
  readonly lease: Pick<Lease, 'runId' | 'runToken'>;
  readonly redact: (value: unknown) => unknown;
  readonly signal: AbortSignal;
}

type Child = CallOutput<'runs.listChildren'>['children'][number];

/** Runs that a workflow submits under itself, with its run's token. */
export function createChildWorkflows(options: ChildWorkflowsOptions): WorkflowChildren {
  const { send, lease, redact, signal } = options;
  const client = createClient({ url: options.client.url, send, signal, token: lease.runToken });

  async function list(): Promise<Map<string, Child>> {
    const known = new Map<string, Child>();
    let cursor: string | null = null;
    do {
      const page: CallOutput<'runs.listChildren'> = await client.call('runs.listChildren', {
        params: { run_id: lease.runId },
        query: cursor === null ? {} : { cursor },
      });
      for (const child of page.children) known.set(child.id, child);
      cursor = page.next_cursor;
    } while (cursor !== null);
    return known;
  }

  return {
    submit: async (key, run) => {
      const idempotencyKey = `child:${lease.runId}:${key}`;
      const body = redact(toSubmission(run)) as ReturnType<typeof toSubmission>;
      return (await client.submitRun(body, { idempotencyKey })).id;
    },
    find: async (id): Promise<ChildEnd | null> => {
      const child = (await list()).get(id);
      if (child === undefined || child.finished_at === null) return null;
      const { output, error } = child;
      return { state: child.state as ChildEnd['state'], output, error };
    },
  };
}

function toSubmission({ workflow, input, payload, ...where }: ChildRun) {
  return { ...where, payload: workflow === undefined ? { ...payload } : { workflow, input } };
}
