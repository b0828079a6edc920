import type { CallInput, CallOutput } from '@sagewai/sdk';
import { type Command, Option } from 'commander';

import { act, group, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';

type Policy = CallOutput<'gateway.getHarnessPolicy'>;
type NewPolicy = NonNullable<CallInput<'gateway.createHarnessPolicy'>['body']>;
type Change = NonNullable<CallInput<'gateway.updateHarnessPolicy'>['body']>;

interface ChangeFlags extends ConnectionFlags {
  readonly priority?: number;
  readonly forceModel?: string;
  readonly maxTier?: 'simple' | 'medium' | 'complex';
  readonly simple?: string;
  readonly medium?: string;
  readonly complex?: string;
  readonly block?: string[];
  readonly mayForce?: boolean;
  readonly enable?: boolean;
}

interface NewFlags extends ChangeFlags {
  readonly name: string;
  readonly team?: string;
  readonly user?: string;
}

const changing = (command: Command): Command =>
  command
    .option('--priority <n>', 'between equally specific ones, the highest decides', integer)
    .option('--force-model <model>', 'for every request')
    .addOption(
      new Option('--max-tier <tier>', 'harder requests get what one of this tier gets').choices([
        'simple',
        'medium',
        'complex',
      ]),
    )
    .option('--simple <model>', 'in place of what the project has for simple requests')
    .option('--medium <model>', 'the same, for what is neither')
    .option('--complex <model>', 'the same, for complex requests')
    .option('--block <models>', 'given to nobody that it is for', list)
    .option('--may-force', 'X-Harness-Force-Model is heard (the default)')
    .option('--no-may-force', 'X-Harness-Force-Model is not heard');

/** Whose requests for `auto` get which models. */
export function policiesCommand(around: Surroundings): Command {
  return group('policies', 'Whose requests for `auto` get which models', {
    commands: [
      act(serverCommand('list', 'List them'), around, async (context) => {
        const answer = await context.client.call('gateway.listHarnessPolicies', {});
        context.show(answer, listText(answer.policies));
      }),
      act<NewFlags>(
        changing(
          serverCommand('create', 'Make one, for everybody or, with --project, for a project')
            .requiredOption('--name <name>', 'what answers call it')
            .option('--team <id>', 'for calls of keys of this team')
            .option('--user <id>', 'for calls of keys of this user'),
        ),
        around,
        create,
      ),
      act<ChangeFlags>(
        changing(serverCommand('update', 'Change one').argument('<id>', 'of the policy', id))
          .option('--enable', 'it decides again')
          .option('--no-enable', 'it decides nothing'),
        around,
        async (context, flags, [given = '']) => {
          const params = { policy_id: given };
          const body = changeOf(flags);
          const answer = await context.client.call('gateway.updateHarnessPolicy', { params, body });
          context.show(answer, listText([answer]));
        },
      ),
      act(
        serverCommand('delete', 'Delete one').argument('<id>', 'of the policy', id),
        around,
        async (context, _, [given = '']) => {
          const params = { policy_id: given };
          const answer = await context.client.call('gateway.deleteHarnessPolicy', { params });
          context.show(answer, 'Deleted.');
        },
      ),
    ],
    examples: [
      'sagewai models policies create --name thrifty --max-tier medium --no-may-force',
      'sagewai models policies create --name research --project research --complex claude-opus-4',
    ],
  });
}

async function create(context: Context, flags: NewFlags): Promise<void> {
  const body: NewPolicy = {
    name: flags.name,
    ...(flags.project ? { project: flags.project } : {}),
    ...(flags.team ? { team_id: flags.team } : {}),
    ...(flags.user ? { user_id: flags.user } : {}),
    ...changeOf(flags),
  };
  const answer = await context.client.call('gateway.createHarnessPolicy', { body });
  context.show(answer, answer.id);
}

function changeOf(flags: ChangeFlags): Change {
  const { simple, medium, complex } = flags;
  const overrides = {
    ...(simple ? { simple: { model: simple } } : {}),
    ...(medium ? { medium: { model: medium } } : {}),
    ...(complex ? { complex: { model: complex } } : {}),
  };
  return {
    ...(flags.priority === undefined ? {} : { priority: flags.priority }),
    ...(flags.forceModel ? { force_model: flags.forceModel } : {}),
    ...(flags.maxTier ? { max_tier: flags.maxTier } : {}),
    ...(Object.keys(overrides).length === 0 ? {} : { tier_overrides: overrides }),
    ...(flags.block ? { blocked_models: flags.block } : {}),
    ...(flags.mayForce === undefined ? {} : { allow_force_model: flags.mayForce }),
    ...(flags.enable === undefined ? {} : { enabled: flags.enable }),
  };
}

function listText(policies: readonly Policy[]): string {
  if (policies.length === 0) return 'there are none: the tiers of projects decide';
  const rows = policies.map((each) => [
    each.id,
    each.enabled ? each.name : `${each.name} (off)`,
    whose(each),
    String(each.priority),
    ruleText(each),
  ]);
  return printColumns(['id', 'name', 'for', 'priority', 'says'], rows);
}

const whose = ({ user_id: user, project_id: project, team_id: team }: Policy): string =>
  [user && `user ${user}`, project && `project ${project}`, team && `team ${team}`]
    .filter(Boolean)
    .join(', ') || 'everybody';

function ruleText(policy: Policy): string {
  const { tier_overrides: overrides, blocked_models: blocked } = policy;
  const said = [
    policy.force_model && `always ${policy.force_model}`,
    policy.max_tier && `at most ${policy.max_tier}`,
    ...(['simple', 'medium', 'complex'] as const).map(
      (tier) => overrides[tier] && `${tier}: ${overrides[tier].model}`,
    ),
    blocked.length > 0 && `never ${blocked.join(', ')}`,
    !policy.allow_force_model && 'no other by header',
  ];
  return said.filter(Boolean).join('; ');
}
