import type { Workflow } from './context.ts';
import type { InputSchema } from './input-schema.ts';

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
