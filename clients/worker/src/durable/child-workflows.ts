import { createClient, type SagewaiClient, type Send } from '@sagewai/sdk';
import type { ChildEnd, ChildRun, WorkflowChildren } from '@sagewai/sdk/workflow';

import type { Lease } from '../lease.ts';
import { listChildren } from '../list-children.ts';

export interface ChildWorkflowsOptions {
  readonly client: Pick<SagewaiClient, 'url'>;
  readonly send: Send;
  readonly lease: Pick<Lease, 'runId' | 'runToken'>;
  readonly redact: (value: unknown) => unknown;
  readonly signal: AbortSignal;
}

/** Runs that a workflow submits under itself, with its run's token. */
export function createChildWorkflows(options: ChildWorkflowsOptions): WorkflowChildren {
  const { send, lease, redact, signal } = options;
  const client = createClient({ url: options.client.url, send, signal, token: lease.runToken });

  return {
    submit: async (key, run) => {
      const idempotencyKey = `child:${lease.runId}:${key}`;
      const body = redact(toSubmission(run)) as ReturnType<typeof toSubmission>;
      return (await client.submitRun(body, { idempotencyKey })).id;
    },
    find: async (id): Promise<ChildEnd | null> => {
      const child = (await listChildren(client, lease.runId)).get(id);
      if (child === undefined || child.finished_at === null) return null;
      const { output, error } = child;
      return { state: child.state as ChildEnd['state'], output, error };
    },
  };
}

function toSubmission({ workflow, input, payload, ...where }: ChildRun) {
  return { ...where, payload: workflow === undefined ? { ...payload } : { workflow, input } };
}
