import { defineWorkflow, Unrecoverable, type WorkflowDefinition } from '@sagewai/sdk/workflow';

import type { Environment } from '../credentials/run-scope.ts';
import type { CommandTable } from './command-profile.ts';
import { type CommandEnd, runCommand } from './run-command.ts';

export const EXEC = 'exec';

interface ExecInput {
  readonly command: string;
  readonly input?: unknown;
}

/** By sysexits.h: the circumstances failed, and another try may find better ones. */
const EX_TEMPFAIL = 75;

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
        return answerOf(await runCommand(profile, { input, environment, told, name, signal }));
      },
      { input: { command, input: input ?? null } },
    );
  });
}

function answerOf(end: CommandEnd): unknown {
  if (end.kind === 'unstarted') throw new Error(end.reason);
  if (end.kind === 'stopped') {
    if (end.by === 'signal') throw new Error('it was stopped');
    const why = end.by === 'timeout' ? 'it took too long' : 'it said more than it may';
    throw new Unrecoverable(withSaid(why, end.said));
  }
  if (end.code === 0) return parse(end.output);
  const message = withSaid(`it ended with ${end.code}`, end.said);
  throw end.code === EX_TEMPFAIL ? new Error(message) : new Unrecoverable(message);
}

const withSaid = (why: string, said: string): string => {
  const text = said.trim();
  return text === '' ? why : `${why}: ${text}`;
};

function parse(output: string): unknown {
  try {
    return JSON.parse(output) as unknown;
  } catch {
    return output;
  }
}
