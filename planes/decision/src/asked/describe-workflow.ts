import type { RunDetail } from '@sagewai/fleet';

import type { WorkflowRow } from '../workflow.ts';

/** What model providers take as a name: a workflow whose name is none is not offered. */
const OFFERED = /^run_[\w.-]{1,60}$/;
const PREFIX = 'run_';

export const offeredName = (workflow: string): string | null => {
  const name = `${PREFIX}${workflow}`;
  return OFFERED.test(name) ? name : null;
};

export const workflowOf = (offered: string): string | null =>
  OFFERED.test(offered) ? offered.slice(PREFIX.length) : null;

type Described = Pick<WorkflowRow, 'name' | 'version' | 'inputSchema'>;

/** A workflow as a tool of MCP. */
export function describeWorkflow(
  row: Described,
  name: string,
): Readonly<Record<string, unknown>> & { readonly name: string } {
  const version = row.version === '' ? '' : `, version ${row.version}`;
  return {
    name,
    description: `Runs ${row.name}${version} and answers what it comes to. ${aboutOf(row)}`.trim(),
    inputSchema: takesArguments(row)
      ? { ...row.inputSchema, type: 'object' }
      : { type: 'object', properties: { input: row.inputSchema }, required: ['input'] },
    annotations: { readOnlyHint: false, openWorldHint: true },
  };
}

/** Arguments are an object: what takes anything else has it in `input`. */
export const inputOf = (row: Described, args: Readonly<Record<string, unknown>>): unknown =>
  takesArguments(row) ? args : args['input'];

export function aboutOf({ inputSchema }: Described): string {
  const said: unknown = inputSchema === null ? null : Reflect.get(inputSchema, 'description');
  return typeof said === 'string' ? said : '';
}

const takesArguments = ({ inputSchema }: Described): boolean =>
  inputSchema === null ||
  ['object', undefined].includes(Reflect.get(inputSchema, 'type') as string | undefined);

/** What became of a run, for a model to read. */
export function describeEnd(run: RunDetail): Readonly<Record<string, unknown>> {
  const { runId, state, output } = run;
  const _meta = { 'sagewai/run-id': runId };
  if (state !== 'completed') {
    return { content: [text(explainEnd(run))], isError: true, _meta };
  }
  const isObject = typeof output === 'object' && output !== null && !Array.isArray(output);
  return {
    content: [text(sayOutput(output))],
    ...(isObject ? { structuredContent: output } : {}),
    _meta,
  };
}

export const sayOutput = (output: unknown): string =>
  typeof output === 'string' ? output : JSON.stringify(output ?? null);

export function explainEnd({ runId, state, error }: RunDetail): string {
  if (state === 'failed') return `Run ${runId} has failed: ${error ?? 'nobody has said why'}`;
  if (state === 'cancelled') return `Run ${runId} was cancelled.`;
  return `Run ${runId} is ${state} still, and goes on. Asked again with the same key, its end is told.`;
}

const text = (said: string): object => ({ type: 'text', text: said });
