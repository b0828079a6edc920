import type { CallInput } from '@sagewai/sdk';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { act, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';

type NewRule = NonNullable<CallInput<'ledger.createAlertRule'>['body']>;

type Change = NonNullable<CallInput<'ledger.updateAlertRule'>['body']>;

interface RuleFlags extends ConnectionFlags {
  readonly name: string;
  readonly agent?: string;
  readonly period: 'day' | 'month';
  readonly limitUsd?: string;
  readonly at?: number[];
  readonly onForecast?: boolean;
  readonly emailTo?: string[];
}

interface ChangeFlags extends Partial<Omit<RuleFlags, keyof ConnectionFlags>>, ConnectionFlags {
  /** False: `--no-…`. */
  readonly limit: boolean;
  readonly forecast: boolean;
  readonly email: boolean;
}

/** Who is told when spend reaches a part of a limit, and what was sent by e-mail. */
export function alertRuleCommands(around: Surroundings): Command[] {
  return [
    act(
      serverCommand('rules', 'List who is told when spend reaches a part of a limit'),
      around,
      listRules,
    ),
    act<RuleFlags>(
      serverCommand('add-rule', 'Tell people when spend reaches a part of a limit')
        .requiredOption('--name <name>', 'what it is called in messages')
        .option('--agent <agent>', 'of this agent alone; needs --project')
        .addOption(
          new Option('--period <period>', 'the UTC day or calendar month')
            .choices(['day', 'month'])
            .default('day'),
        )
        .option(
          '--limit-usd <usd>',
          'of what (default: the soft limit that there is, else the hard one)',
        )
        .option('--at <percents>', 'such as 50,80,100 (the default)', percents)
        .option('--on-forecast', 'also when the pace leads beyond the limit')
        .option('--email-to <addresses>', 'beside the webhooks', list),
      around,
      addRule,
    ),
    act<ChangeFlags>(
      serverCommand('change-rule', 'Change a rule; what is not said stays')
        .argument('<id>', 'of the rule', id)
        .option('--limit-usd <usd>', 'of what')
        .option('--no-limit', 'of the soft limit that there is, else the hard one')
        .option('--at <percents>', 'such as 50,80,100', percents)
        .option('--on-forecast', 'also when the pace leads beyond the limit')
        .option('--no-forecast', 'not when the pace leads beyond the limit')
        .option('--email-to <addresses>', 'beside the webhooks', list)
        .option('--no-email', 'to the webhooks alone'),
      around,
      changeRule,
    ),
    act(
      serverCommand('delete-rule', 'Delete a rule').argument('<id>', 'of the rule', id),
      around,
      async (context, _, [given = '']) => {
        const params = { rule_id: given };
        context.show(await context.client.call('ledger.deleteAlertRule', { params }), 'Deleted.');
      },
    ),
    act<ConnectionFlags & { readonly limit: number }>(
      serverCommand('emails', 'What was sent by e-mail, newest first').option(
        '--limit <n>',
        'how many',
        integer,
        20,
      ),
      around,
      listEmails,
    ),
    act(
      serverCommand('test-email', 'Send a test by e-mail').argument('<address>', 'to whom', id),
      around,
      async (context, _, [to = '']) => {
        const answer = await context.client.call('trust.testAlertEmail', { body: { to } });
        context.show(answer, 'Queued: sagewai alerts emails');
      },
    ),
  ];
}

async function listRules(context: Context): Promise<void> {
  const answer = await context.client.call('ledger.listAlertRules', {});
  const rows = answer.rules.map((rule) => [
    rule.id,
    rule.name,
    rule.project_id ?? 'organization',
    rule.agent_name,
    rule.period,
    rule.limit_usd,
    `${rule.thresholds.join(', ')} %${rule.on_forecast ? ', forecast' : ''}`,
    rule.email_to.join(', '),
  ]);
  const headings = ['id', 'name', 'of', 'agent', 'period', 'limit', 'at', 'e-mail'];
  context.show(answer, printColumns(headings, rows));
}

async function addRule(context: Context, flags: RuleFlags): Promise<void> {
  const body: NewRule = {
    name: flags.name,
    period: flags.period,
    ...(flags.project ? { project: flags.project } : {}),
    ...(flags.agent ? { agent_name: flags.agent } : {}),
    ...(flags.limitUsd ? { limit_usd: flags.limitUsd } : {}),
    ...(flags.at ? { thresholds: flags.at } : {}),
    ...(flags.onForecast ? { on_forecast: true } : {}),
    ...(flags.emailTo ? { email_to: flags.emailTo } : {}),
  };
  const answer = await context.client.call('ledger.createAlertRule', { body });
  context.show(answer, answer.id);
}

async function changeRule(
  context: Context,
  flags: ChangeFlags,
  [given = '']: readonly string[],
): Promise<void> {
  const body: Change = {
    ...(flags.limit ? {} : { limit_usd: null }),
    ...(flags.limitUsd === undefined ? {} : { limit_usd: flags.limitUsd }),
    ...(flags.at === undefined ? {} : { thresholds: flags.at }),
    ...(flags.forecast ? {} : { on_forecast: false }),
    ...(flags.onForecast === true ? { on_forecast: true } : {}),
    ...(flags.email ? {} : { email_to: [] }),
    ...(flags.emailTo === undefined ? {} : { email_to: flags.emailTo }),
  };
  const params = { rule_id: given };
  const changed = await context.client.call('ledger.updateAlertRule', { params, body });
  context.show(changed, `Changed ${changed.name}.`);
}

async function listEmails(context: Context, flags: { readonly limit: number }): Promise<void> {
  const query = { limit: flags.limit };
  const answer = await context.client.call('trust.listAlertEmails', { query });
  const rows = answer.emails.map((email) => [
    showAge(email.created_at, context.now()),
    email.to,
    email.subject,
    email.state,
    String(email.attempts),
    email.last_error,
  ]);
  const headings = ['age', 'to', 'subject', 'state', 'attempts', 'error'];
  context.show(answer, printColumns(headings, rows));
}

function percents(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((percent) => Number.isInteger(percent) && percent > 0)) return numbers;
  throw new InvalidArgumentError('expected percents such as 50,80,100');
}
