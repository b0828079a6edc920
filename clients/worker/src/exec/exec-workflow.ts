import { defineWorkflow, Unrecoverable, type WorkflowDefinition } from '@sagewai/sdk/workflow';

import type { Environment } from '../credentials/run-scope.ts';
import type { CommandTable } from './command-profile.ts';
import { outputOf } from './output-of.ts';
import { runCommand } from './run-command.ts';

export const EXEC = 'exec';

interface ExecInput {
  readonly command: string;
  readonly input?: unknown;
}

/**
 * The built-in workflow `exec`: `{command, input}` starts one of the operator's commands, gives it `input` as JSON on its
 * standard input, and answers what it has written: as JSON if it is, else as text.
 */
export function execWorkflow(commands: CommandTable, environment: Environment): WorkflowDefinition {
  const names = [...commands.keys()];
  const schema = {
    type: 'object',
    properties: { command: { type: 'string', enum: names }, input: {} },
    required: ['command'],
    additionalProperties: false,
  };
  return defineWorkflow<ExecInput, unknown>(EXEC, schema, async (ctx, { command, input }) => {
    const profile = commands.get(command);
    if (profile === undefined) throw new Unrecoverable(`there is no command ${command}`);
    return ctx.step(
      command,
      async ({ idempotencyKey, signal }) => {
        const told = { SAGEWAI_RUN_ID: ctx.runId, SAGEWAI_IDEMPOTENCY_KEY: idempotencyKey };
        const name = `sagewai-${ctx.runId}`;
        return parse(
          outputOf(await runCommand(profile, { input, environment, told, name, signal })),
        );
      },
      { input: { command, input: input ?? null } },
    );
  });
}

function parse(output: string): unknown {
  try {
    return JSON.parse(output) as unknown;
  } catch {
    return output;
  }
}
