/** A workflow of five steps whose process dies where it is told to, as by `kill -9`. */
import { appendFileSync } from 'node:fs';

import { defineWorkflow } from '@sagewai/sdk/workflow';

interface Given {
  /** Where each effect is written. */
  readonly effects: string;
}

/** `before:1`, `after:3`: at which boundary between two steps it dies; none: it lives. */
const dieAt = process.env['DIE_AT'] ?? '';

function boundary(name: string): void {
  if (name === dieAt) process.kill(process.pid, 'SIGKILL');
}

const fiveSteps = defineWorkflow(
  'five-steps',
  (input) => input as Given,
  async (ctx, { effects }) => {
    const answers: string[] = [];
    for (let at = 1; at <= 5; at += 1) {
      boundary(`before:${at}`);
      const answer = await ctx.step(`step ${at}`, ({ idempotencyKey }) => {
        appendFileSync(effects, `${at} ${idempotencyKey} ${process.pid}\n`);
        boundary(`in:${at}`);
        return { at, pid: process.pid };
      });
      answers.push(`${answer.at} by ${answer.pid}, ${ctx.random()}, ${ctx.now().toISOString()}`);
    }
    boundary('after:5');
    return { answers };
  },
);

export const workflows = [fiveSteps];
