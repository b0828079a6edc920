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

  const ended = new Map<string, ChildEnd>();
  let wanted: string[] = [];
  let looking: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;

  /** One look for all that are asked for meanwhile, from the first of them on: children are listed in the order of ids. */
  const look = (id: string): Promise<void> => {
    wanted.push(id);
    next ??= looking = looking
      .catch(() => undefined)
      .then(async () => {
        const [first] = wanted.toSorted();
        [wanted, next] = [[], null];
        const seen = await listChildren(client, lease.runId, justBefore(first ?? id));
        for (const child of seen.values()) {
          if (child.finished_at === null) continue;
          const { output, error } = child;
          ended.set(child.id, { state: child.state as ChildEnd['state'], output, error });
        }
      });
    return next;
  };

  return {
    submit: async (key, run) => {
      const idempotencyKey = `child:${lease.runId}:${key}`;
      const body = redact(toSubmission(run)) as ReturnType<typeof toSubmission>;
      return (await client.submitRun(body, { idempotencyKey })).id;
    },
    find: async (id): Promise<ChildEnd | null> => {
      if (!ended.has(id)) await look(id);
      return ended.get(id) ?? null;
    },
  };
}

/** The id before an id, so that a list after it begins with that one. */
function justBefore(id: string): string {
  const before = BigInt(`0x${id.replaceAll('-', '')}`) - 1n;
  const digits = before.toString(16).padStart(32, '0');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function toSubmission({ workflow, input, payload, ...where }: ChildRun) {
  return { ...where, payload: workflow === undefined ? { ...payload } : { workflow, input } };
}
