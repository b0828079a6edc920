import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, serverCommand } from '../command.ts';
import type { ConnectionFlags, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { readInput } from '../read-input.ts';

type Guardrail = CallOutput<'gateway.listGuardrails'>['guardrails'][number];

interface TestFlags extends ConnectionFlags {
  readonly name: string;
  readonly file: string;
}

/** `gateway guardrails` lists them; below it, one of them is tried. */
export function guardrailsCommand(around: Surroundings): Command {
  return act(
    serverCommand('guardrails', 'List the guardrails that model calls may pass'),
    around,
    async (context) => {
      const answer = await context.client.call('gateway.listGuardrails', {});
      context.show(answer, listText(answer.guardrails));
    },
  ).addCommand(testCommand(around));
}

function listText(guardrails: readonly Guardrail[]): string {
  if (guardrails.length === 0)
    return 'there are none: they stand in the models file, under guardrails';
  const rows = guardrails.map((each) => [
    each.name,
    each.kind,
    each.action,
    [each.before ? 'before' : '', each.after ? 'after' : ''].filter(Boolean).join(', '),
    each.default_on ? 'every call' : each.projects.join(', ') || 'where a key or a call says so',
    each.looks_for.join(', '),
  ]);
  return printColumns(['name', 'kind', 'action', 'sees', 'for', 'looks for'], rows);
}

function testCommand(around: Surroundings): Command {
  return act<TestFlags>(
    serverCommand('test', 'Say what a guardrail finds in a text; the text is kept nowhere')
      .requiredOption('--name <name>', 'which one')
      .option('--file <file>', 'the text; - reads stdin', '-'),
    around,
    async (context, { name, file }) => {
      const text = await readInput(file);
      const answer = await context.client.call('gateway.testGuardrail', { body: { name, text } });
      const found = answer.found.map(({ what, start, end }) => `${what} at ${start}–${end}`);
      context.show(
        answer,
        [answer.verdict, ...found, ...(answer.text ? ['', answer.text] : [])].join('\n'),
      );
    },
  );
}
