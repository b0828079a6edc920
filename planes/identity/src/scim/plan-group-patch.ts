import type { Operation } from './apply-patch.ts';
import { type Filter, refused, type Refused } from './filter.ts';
import { asList, isObject, type Json } from './match-filter.ts';
import { parsePath, quote } from './parse-filter.ts';
import { fieldOf } from './read-operations.ts';
import { resolvePath } from './resolve-path.ts';
import { GROUP_KIND, sameName } from './schema.ts';
import { printable } from './settle-user.ts';

/**
 * What a PATCH does to a group, step by step. Members are named and never read: a group may have fifty
 * thousand of them, and directories change one at a time.
 */
export type GroupStep =
  | { readonly kind: 'rename'; readonly name: string }
  | { readonly kind: 'setExternalId'; readonly externalId: string | null }
  | { readonly kind: 'addMembers'; readonly ids: readonly string[] }
  | { readonly kind: 'removeMembers'; readonly ids: readonly string[] }
  | { readonly kind: 'replaceMembers'; readonly ids: readonly string[] };

export type GroupPlan = { readonly kind: 'plan'; readonly steps: readonly GroupStep[] } | Refused;

export const GROUP_NAME_LENGTH_MAX = 255;
const MEMBERS_MAX = 50_000;

export function planGroupPatch(operations: readonly Operation[]): GroupPlan {
  const steps: GroupStep[] = [];
  for (const operation of operations) {
    const planned = planOne(operation);
    if (planned.kind === 'refused') return planned;
    steps.push(...planned.steps);
  }
  return { kind: 'plan', steps };
}

const plan = (...steps: readonly GroupStep[]): GroupPlan => ({ kind: 'plan', steps });

function planOne({ op, path, value }: Operation): GroupPlan {
  if (path === null) {
    if (op === 'remove') return refused('noTarget', 'An operation that removes needs a path.');
    if (!isObject(value)) {
      return refused('invalidValue', 'An operation without a path needs an object as its value.');
    }
    const attributes = Object.entries(value).filter(
      ([name]) => !/^(?:schemas|id|meta)$/i.test(name),
    );
    return planGroupPatch(attributes.map(([name, each]) => ({ op, path: name, value: each })));
  }
  const parsed = parsePath(path);
  if (parsed.kind === 'refused') return parsed;
  const at = resolvePath(GROUP_KIND, parsed.path.attribute, 'invalidPath');
  if (at.kind === 'refused') return at;
  const { filter } = parsed.path;
  if (at.attribute.mutability === 'readOnly' || at.sub !== null) {
    return refused('mutability', `${quote(path)} cannot be changed.`);
  }
  switch (at.attribute.name) {
    case 'displayName':
      return planName(op, filter === null ? value : undefined);
    case 'externalId':
      return plan({
        kind: 'setExternalId',
        externalId: op === 'remove' || typeof value !== 'string' ? null : value,
      });
    default:
      return planMembers(op, filter, value);
  }
}

function planName(op: Operation['op'], value: unknown): GroupPlan {
  if (op === 'remove') return refused('mutability', 'displayName is required.');
  if (typeof value !== 'string' || printable(value) === '') {
    return refused('invalidValue', 'displayName is a text.');
  }
  return plan({ kind: 'rename', name: printable(value, GROUP_NAME_LENGTH_MAX) });
}

function planMembers(op: Operation['op'], filter: Filter | null, value: unknown): GroupPlan {
  if (filter !== null) {
    if (op !== 'remove') {
      return refused(
        'invalidPath',
        'Members that a filter selects can be removed, and nothing else.',
      );
    }
    const selected = idsOfFilter(filter);
    return selected === null
      ? refused('invalidFilter', 'Members are selected by value eq "…", and or.')
      : plan({ kind: 'removeMembers', ids: selected });
  }
  if (op === 'remove' && (value === undefined || value === null)) {
    return plan({ kind: 'replaceMembers', ids: [] });
  }
  const read = readMemberIds(value);
  if (read.kind === 'refused') return read;
  return plan({ kind: STEPS[op], ids: read.ids });
}

const STEPS = {
  add: 'addMembers',
  remove: 'removeMembers',
  replace: 'replaceMembers',
} as const;

type MemberIds = { readonly kind: 'ids'; readonly ids: readonly string[] } | Refused;

/** The ids of members as a client lists them: `[{"value": "…"}]`, or bare ids. */
function readMemberIds(sent: unknown): MemberIds {
  const ids = new Set<string>();
  for (const each of asList(sent)) {
    const object: Json = isObject(each) ? each : { value: each };
    const id = fieldOf(object, 'value');
    const type = fieldOf(object, 'type');
    if (typeof id !== 'string' || id === '') {
      return refused('invalidValue', 'A member is named by its value: the id of a user.');
    }
    if (typeof type === 'string' && !sameName(type, 'User')) {
      return refused('invalidValue', 'Members are users; groups in groups are not kept.');
    }
    ids.add(id.toLowerCase());
  }
  if (ids.size > MEMBERS_MAX) {
    return refused('tooMany', `At most ${MEMBERS_MAX} members are taken at once.`);
  }
  return { kind: 'ids', ids: [...ids] };
}

function idsOfFilter(filter: Filter): readonly string[] | null {
  if (filter.kind === 'or') {
    const left = idsOfFilter(filter.left);
    const right = idsOfFilter(filter.right);
    return left && right && [...left, ...right];
  }
  const isMain =
    filter.kind === 'compare' &&
    filter.operator === 'eq' &&
    sameName(filter.path.name, 'value') &&
    filter.path.sub === null &&
    typeof filter.value === 'string';
  return isMain ? [String(filter.value).toLowerCase()] : null;
}
