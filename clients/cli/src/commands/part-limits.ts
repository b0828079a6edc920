import type { CallInput, CallOutput } from '@sagewai/sdk';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { act, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';
import { type LimitFlags, limitsOf, showLimits } from './limit-flags.ts';

type Set = CallInput<'gateway.setFacetLimit'>;
type FacetLimit = CallOutput<'gateway.setFacetLimit'>;
type Facet = FacetLimit['facet'];

export const FACETS = [
  'model',
  'session',
  'agent',
  'tag',
  'end_user',
] as const satisfies readonly Facet[];

export interface PartFlags {
  readonly each?: Facet;
  readonly only?: { readonly facet: Facet; readonly name: string };
}

export function withParts(command: Command): Command {
  return command
    .addOption(
      new Option('--each <facet>', 'of each one by itself that has no limit of its own')
        .choices(FACETS)
        .conflicts('only'),
    )
    .option('--only <facet=name>', 'of one, as model=gpt-4o or end_user=bob', readOnly);
}

function readOnly(text: string): PartFlags['only'] {
  const [, word, name] = /^(\w+)=(.+)$/s.exec(text) ?? [];
  const facet = FACETS.find((each) => each === word);
  if (facet === undefined || name === undefined) {
    throw new InvalidArgumentError(`expected a name of ${FACETS.join(', ')}, as model=gpt-4o`);
  }
  return { facet, name };
}

export function partsCommand(around: Surroundings): Command {
  return act<ConnectionFlags>(
    serverCommand('parts', 'List the limits of models, sessions, agents, tags and end users'),
    around,
    async (context) => {
      const answer = await context.client.call('gateway.listFacetLimits', {
        query: { limit: 200 },
      });
      const rows = answer.limits.map((limit) => [
        limit.scope_kind,
        limit.scope_id,
        limit.facet,
        limit.name ?? 'each',
        showLimits(limit),
      ]);
      context.show(answer, printColumns(['scope', 'id', 'facet', 'name', 'limits'], rows));
      if (answer.has_more) context.terminal.note('There are more than 200.');
    },
  );
}

export async function setPart(
  context: Context,
  flags: LimitFlags & PartFlags,
  [kind, name]: readonly string[],
): Promise<void> {
  const given = limitsOf(flags);
  if (Object.keys(given).length === 0) throw new UsageError('say at least one limit');
  const facet = flags.only?.facet ?? flags.each;
  if (facet === undefined) throw new UsageError('say which part: --each or --only');
  const of = flags.only?.name ?? null;
  const params = {
    scope_kind: kind as FacetLimit['scope_kind'],
    scope_id: await idOfScope(context, kind, name),
    facet,
  };
  const { limits } = await context.client.call('gateway.listFacetLimits', {
    query: { ...params, ...(of === null ? { limit: 1 } : { name: of }) },
  });
  const before = limits.find((limit) => limit.name === of);
  // The endpoint replaces all of them; who changes one does not mean the others.
  const body = { ...kept(before), ...given, name: of } as NonNullable<Set['body']>;
  const answer = await context.client.call('gateway.setFacetLimit', { params, body });
  context.show(answer, showLimits(answer));
}

function kept(limit: FacetLimit | undefined): Partial<FacetLimit> {
  if (limit === undefined) return {};
  const { scope_kind: _kind, scope_id: _id, facet: _facet, ...limits } = limit;
  return limits;
}

export async function idOfScope(
  context: Context,
  scope: string | undefined,
  name: string | undefined,
): Promise<string> {
  if (scope === 'organization') {
    if (name !== undefined) throw new UsageError('the organization is the one of --org');
    const { organization } = await context.client.call('identity.whoAmI', {});
    if (organization === null) throw new UsageError('say which organization: --org');
    return organization.id;
  }
  if (name === undefined) throw new UsageError(`say which ${scope}`);
  if (scope !== 'project') return name;
  const project = await context.client.call('identity.getProject', { params: { project: name } });
  return project.id;
}
