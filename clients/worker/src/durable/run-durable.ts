import type { SagewaiClient, Send } from '@sagewai/sdk';
import { withInference } from '@sagewai/sdk/agent';
import {
  type InputSchema,
  readInput,
  runWorkflow,
  StepFailed,
  type WorkflowDefinition,
} from '@sagewai/sdk/workflow';

import { type Redact, redactDeep } from '../credentials/redact.ts';
import type { Lease } from '../lease.ts';
import { RunFailed, RunWaits } from '../workflows/workflow.ts';
import { createChildWorkflows } from './child-workflows.ts';
import { openJournal } from './open-journal.ts';
import { withRunAccess } from './run-access.ts';

export type WorkflowTable = ReadonlyMap<string, WorkflowDefinition>;

export interface DurableOptions {
  readonly client: Pick<SagewaiClient, 'url'>;
  readonly send: Send;
  readonly lease: Lease;
  readonly redact: Redact;
  readonly signal: AbortSignal;
  /** The server is not to see what the run was given. */
  readonly isSealed: boolean;
}

/** Which workflow a payload asks for; null: the built-in one. */
export function workflowNameOf(payload: unknown): string | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const { workflow } = payload as { workflow?: unknown };
  return typeof workflow === 'string' ? workflow : null;
}

/** Runs a workflow against its journal: to its output, to a wait, or to its failure. */
export async function runDurable(
  name: string,
  workflows: WorkflowTable,
  payload: unknown,
  options: DurableOptions,
): Promise<unknown> {
  const definition = workflows.get(name);
  if (definition === undefined) {
    const known = workflows.size === 0 ? 'none' : [...workflows.keys()].join(', ');
    throw new RunFailed(`this worker has no workflow ${name}; it has ${known}`, { retry: true });
  }
  if (options.isSealed) {
    throw new RunFailed('a sealed run keeps no journal: the server would read what its steps say');
  }
  const { redact, signal } = options;
  const { input } = payload as { input?: unknown };
  const parsed = parse(definition.schema, input, name);
  const redactValue = (value: unknown): unknown => redactDeep(value, redact);
  const journal = await openJournal(options);
  // Its agents find the server that the run is from, and speak for the run.
  const gateway = { url: options.client.url, token: options.lease.runToken };
  const access = { ...gateway, send: options.send };
  const end = await withInference({ gateway }, () =>
    withRunAccess(access, () =>
      runWorkflow(definition.run, parsed, {
        journal,
        children: createChildWorkflows({ ...options, redact: redactValue }),
        redact: redactValue,
        signal,
      }),
    ),
  );
  switch (end.kind) {
    case 'completed':
      return end.output;
    case 'waits':
      throw new RunWaits(end.wait);
    case 'failed':
      throw end.retry ? worthAnother(end.error) : end.error;
  }
}

function worthAnother(cause: unknown): RunFailed {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new RunFailed(message, { cause, retry: !(cause instanceof StepFailed && cause.isFinal) });
}

function parse(schema: InputSchema<unknown>, input: unknown, name: string): unknown {
  try {
    return readInput(schema, input);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RunFailed(`the input is not what the workflow ${name} takes: ${why}`, { cause });
  }
}
