import type { CallOutput } from '@sagewai/sdk';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { act, group, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';

const NEVER = 'never';
const RESETS = ['1h', '24h', '7d', '30d', NEVER] as const;

interface LimitFlags extends ConnectionFlags {
  readonly models?: string[];
  readonly budget?: number;
  readonly resets?: (typeof RESETS)[number];
  readonly tokensPerMinute?: number;
  readonly requestsPerMinute?: number;
  readonly parallel?: number;
}

type Shown = Pick<
  CallOutput<'litellm.listTeams'>[number],
  'spend' | 'max_budget' | 'budget_duration' | 'models'
>;

export function teamsCommand(around: Surroundings): Command {
  const one = (
    name: string,
    says: string,
    run: (context: Context, team: string) => Promise<void>,
  ): Command =>
    act(serverCommand(name, says).argument('<team>', 'its id'), around, (context, _, [team = '']) =>
      run(context, team),
    );
  return group('teams', 'Teams: budgets and models above those of their keys', {
    commands: [
      act<LimitFlags>(
        withTeamLimits(serverCommand('create', 'Make a team')).argument('<team>', 'its id'),
        around,
        async (context, flags, [team = '']) => {
          const body = { team_id: team, ...fieldsOf(flags) };
          context.show(await context.client.call('litellm.createTeam', { body }), `Made ${team}.`);
        },
      ),
      act<LimitFlags>(
        withTeamLimits(serverCommand('set', 'Change what is named of a team')).argument(
          '<team>',
          'its id',
        ),
        around,
        async (context, flags, [team = '']) => {
          const body = { team_id: team, ...changesOf(flags) };
          const { data } = await context.client.call('litellm.updateTeam', { body });
          context.show(data, showBudget(data));
        },
      ),
      act(serverCommand('list', 'List teams'), around, async (context) => {
        const teams = await context.client.call('litellm.listTeams', { query: {} });
        const rows = teams.map((team) => [
          team.team_id,
          team.team_alias ?? '',
          team.blocked ? 'blocked' : 'active',
          team.models.join(',') || 'any',
          String(team.members.length),
          showBudget(team),
        ]);
        context.show(
          teams,
          printColumns(['team', 'alias', 'state', 'models', 'members', 'budget'], rows),
        );
      }),
      act(
        serverCommand('add-key', 'Put a key into a team')
          .argument('<team>', 'its id')
          .argument('<key>', 'id of the key'),
        around,
        async (context, _, [team = '', key = '']) => {
          const body = { key, team_id: team };
          const changed = await context.client.call('litellm.updateKey', { body });
          context.show(changed, `${changed.key_name} is of ${team}.`);
        },
      ),
      one('block', 'Block the keys of a team', async (context, team) => {
        const body = { team_id: team };
        context.show(await context.client.call('litellm.blockTeam', { body }), `Blocked ${team}.`);
      }),
      one('unblock', 'Let the keys of a blocked team go on', async (context, team) => {
        const answer = await context.client.call('litellm.unblockTeam', {
          body: { team_id: team },
        });
        context.show(answer, `Unblocked ${team}.`);
      }),
      one('delete', 'Delete a team and revoke its keys', async (context, team) => {
        const body = { team_ids: [team] };
        const gone = await context.client.call('litellm.deleteTeams', { body });
        context.show(gone, `Deleted ${team}, and revoked ${gone.deleted_keys} keys.`);
      }),
    ],
    examples: [
      'sagewai teams create blue --models gpt-4o --budget 200 --resets 30d',
      'sagewai teams add-key blue KEY_ID',
      'sagewai teams list',
    ],
  });
}

function withTeamLimits(command: Command): Command {
  return command
    .option('--models <models>', 'models its keys may call, by comma (default: any)', list)
    .option('--budget <usd>', 'as 12.50', dollars)
    .addOption(new Option('--resets <when>', 'when the budget is empty again').choices(RESETS))
    .option('--tokens-per-minute <n>', 'in any 60 seconds', integer)
    .option('--requests-per-minute <n>', 'in any 60 seconds', integer)
    .option('--parallel <n>', 'calls under way at once', integer);
}

function fieldsOf(flags: LimitFlags) {
  const { models, budget, resets, tokensPerMinute, requestsPerMinute, parallel } = flags;
  return {
    ...(models === undefined ? {} : { models }),
    ...(budget === undefined ? {} : { max_budget: budget }),
    ...(resets === undefined ? {} : { budget_duration: resets === NEVER ? null : resets }),
    ...(tokensPerMinute === undefined ? {} : { tpm_limit: tokensPerMinute }),
    ...(requestsPerMinute === undefined ? {} : { rpm_limit: requestsPerMinute }),
    ...(parallel === undefined ? {} : { max_parallel_requests: parallel }),
  };
}

function changesOf(flags: LimitFlags): ReturnType<typeof fieldsOf> {
  const changes = fieldsOf(flags);
  if (Object.keys(changes).length === 0) throw new UsageError('say at least one thing to change');
  return changes;
}

function showBudget({ spend, max_budget: most, budget_duration: duration }: Shown): string {
  if (most === null) return `$${spend} spent, no limit`;
  return `$${spend} of $${most}${duration === null ? '' : ` in ${duration}`}`;
}

function dollars(text: string): number {
  const amount = Number(text);
  if (/^[0-9]+(\.[0-9]{1,12})?$/.test(text) && Number.isFinite(amount)) return amount;
  throw new InvalidArgumentError('expected US dollars, as 12.50');
}
