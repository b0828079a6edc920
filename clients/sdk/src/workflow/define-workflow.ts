import type { Workflow } from './context.ts';

/** Checks what a run is given and says what it is: a function that throws, or what has `parse` (as zod's schemas). */
export type InputSchema<Input> =
  | ((input: unknown) => Input)
  | { readonly parse: (input: unknown) => Input };

/** A workflow as a worker knows it. */
export interface WorkflowDefinition {
  readonly name: string;
  readonly schema: InputSchema<unknown>;
  readonly run: Workflow<unknown, unknown>;
}

/** Names a program: runs with `{workflow: name, input}` are done by it. */
export function defineWorkflow<Input, Output>(
  name: string,
  schema: InputSchema<Input>,
  run: Workflow<Input, Output>,
): WorkflowDefinition {
  if (name === '') throw new TypeError('a workflow has a name');
  // What the schema has answered is what the program takes.
  return { name, schema, run: run as Workflow<unknown, unknown> };
}
