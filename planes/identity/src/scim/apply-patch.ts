/**
 * PATCH of SCIM (RFC 7644, 3.5.2) on one resource: each operation gives another resource, or refuses all of
 * them. Also what Entra ID and Okta send beyond the standard: capital letters in operations, dotted names
 * and whole paths as keys of a value without path, `remove` with the values that shall go, and `add` to
 * values that are not there yet (`emails[type eq "work"].value`), which makes them.
 */
import type { Attribute } from './attribute.ts';
import { type Filter, refused, type Refused } from './filter.ts';
import { asList, compileValueFilter, isObject, type Json } from './match-filter.ts';
import { parsePath, type PatchPath, quote } from './parse-filter.ts';
import { readOne, readValue } from './read-resource.ts';
import { findExtension, resolvePath } from './resolve-path.ts';
import { findAttribute, type ResourceKind } from './schema.ts';

export interface Operation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string | null;
  readonly value: unknown;
}

export type Patched = { readonly kind: 'patched'; readonly resource: Json } | Refused;

const patched = (resource: Json): Patched => ({ kind: 'patched', resource });

export function applyPatch(
  kind: ResourceKind,
  resource: Json,
  operations: readonly Operation[],
): Patched {
  let current = resource;
  for (const operation of operations) {
    const next = applyOne(kind, current, operation);
    if (next.kind === 'refused') return next;
    current = next.resource;
  }
  return patched(current);
}

function applyOne(kind: ResourceKind, resource: Json, operation: Operation): Patched {
  if (operation.path !== null) return applyAt(kind, resource, operation);
  const { op, value } = operation;
  if (op === 'remove') return refused('noTarget', 'An operation that removes needs a path.');
  if (!isObject(value)) {
    return refused('invalidValue', 'An operation without a path needs an object as its value.');
  }
  const attributes = Object.entries(value).filter(([name]) => !OF_THE_ENVELOPE.test(name));
  return applyPatch(
    kind,
    resource,
    attributes.map(([path, each]) => ({ op, path, value: each })),
  );
}

/** What stands beside the attributes of a resource and is not to be changed by whoever sends it along. */
const OF_THE_ENVELOPE = /^(?:schemas|id|meta)$/i;

function applyAt(kind: ResourceKind, resource: Json, { op, path, value }: Operation): Patched {
  const text = path ?? '';
  const extension = findExtension(kind, text.trim());
  if (extension !== undefined) return applyToExtension(kind, resource, { op, value, extension });
  const parsed = parsePath(text);
  if (parsed.kind === 'refused') return parsed;
  const at = resolvePath(kind, parsed.path.attribute, 'invalidPath');
  if (at.kind === 'refused') return at;
  const { attribute, sub } = at;
  if (attribute.mutability === 'readOnly' || sub?.mutability === 'readOnly') {
    return refused('mutability', `${quote(text)} cannot be changed.`);
  }
  if (op === 'remove' && attribute.required && sub === null && parsed.path.filter === null) {
    return refused('mutability', `${attribute.name} is required.`);
  }
  const holder = at.extension === null ? resource : (resource[at.extension] ?? {});
  const before = isObject(holder) ? holder[attribute.name] : undefined;
  const target: Target = { attribute, sub, path: parsed.path, text };
  const changed = attribute.multiValued
    ? changeValues(target, asList(before), op, value)
    : changeOne(target, before, op, value);
  if (changed.kind === 'refused') return changed;
  const next = put(isObject(holder) ? holder : {}, attribute.name, changed.value);
  return patched(at.extension === null ? next : put(resource, at.extension, emptyToNothing(next)));
}

function applyToExtension(
  kind: ResourceKind,
  resource: Json,
  { op, value, extension }: { op: Operation['op']; value: unknown; extension: string },
): Patched {
  if (op === 'remove') return patched(put(resource, extension, undefined));
  if (!isObject(value)) return refused('invalidValue', 'An extension has an object as its value.');
  return applyPatch(
    kind,
    resource,
    Object.entries(value).map(([name, each]) => ({
      op,
      path: `${extension}:${name}`,
      value: each,
    })),
  );
}

interface Target {
  readonly attribute: Attribute;
  readonly sub: Attribute | null;
  readonly path: PatchPath;
  readonly text: string;
}

type Changed = { readonly kind: 'changed'; readonly value: unknown } | Refused;
const changed = (value: unknown): Changed => ({ kind: 'changed', value });

function changeOne(
  { attribute, sub, path, text }: Target,
  before: unknown,
  op: Operation['op'],
  value: unknown,
): Changed {
  if (path.filter !== null) {
    return refused('invalidPath', `${quote(text)} selects among values of which there is one.`);
  }
  if (op === 'remove') {
    return changed(sub === null ? undefined : without(before, sub.name));
  }
  const read = readOne(sub ?? attribute, value);
  if (read.kind === 'refused') return read;
  if (sub !== null) return changed(emptyToNothing(put(objectOf(before), sub.name, read.value)));
  // Parts that are not named stay as they are.
  if (isObject(read.value) && isObject(before)) return changed({ ...before, ...read.value });
  return changed(read.value);
}

function changeValues(
  target: Target,
  before: readonly unknown[],
  op: Operation['op'],
  value: unknown,
): Changed {
  const { attribute, sub, path } = target;
  if (path.filter !== null) return changeSelected(target, path.filter, before, { op, value });
  if (op === 'remove') return removeValues(target, before, value);
  if (sub !== null) {
    const read = readOne(sub, value);
    if (read.kind === 'refused') return read;
    const targets = before.length > 0 ? before : [{}];
    return changed(targets.map((each) => put(objectOf(each), sub.name, read.value)));
  }
  const read = readValue(attribute, value);
  if (read.kind === 'refused') return read;
  const given = asList(read.value);
  return changed(onePrimary(op === 'replace' ? [] : before, given));
}

function removeValues(
  { attribute, sub }: Target,
  before: readonly unknown[],
  value: unknown,
): Changed {
  if (sub !== null) return changed(listOf(before.map((each) => without(each, sub.name))));
  if (value === undefined || value === null) return changed(undefined);
  const read = readValue(attribute, value);
  if (read.kind === 'refused') return read;
  const gone = asList(read.value);
  return changed(listOf(before.filter((each) => !gone.some((one) => isSame(each, one)))));
}

function changeSelected(
  { attribute, sub, text }: Target,
  filter: Filter,
  before: readonly unknown[],
  { op, value }: Pick<Operation, 'op' | 'value'>,
): Changed {
  const test = compileValueFilter(attribute, filter);
  if (test.kind === 'refused') return { ...test, type: 'invalidPath' };
  const isMeant = (each: unknown): boolean => isObject(each) && test.matches(each);
  if (op === 'remove') {
    if (sub === null) return changed(listOf(before.filter((each) => !isMeant(each))));
    return changed(listOf(before.map((each) => (isMeant(each) ? without(each, sub.name) : each))));
  }
  const read = readOne(sub ?? attribute, value);
  if (read.kind === 'refused') return read;
  const apply = (each: Json): Json => {
    if (sub !== null) return put(each, sub.name, read.value);
    return op === 'replace' ? objectOf(read.value) : { ...each, ...objectOf(read.value) };
  };
  if (before.some(isMeant)) {
    const touched = before.map((each) => (isMeant(each) ? apply(objectOf(each)) : each));
    const kept = before.filter((each) => !isMeant(each));
    return changed(
      onePrimary(
        kept,
        touched.filter((each) => !kept.includes(each)),
        touched,
      ),
    );
  }
  const seed = op === 'add' ? seedOf(attribute, filter) : null;
  if (seed === null) return refused('noTarget', `${quote(text)} selects no value.`);
  return changed(onePrimary(before, [apply(seed)]));
}

/** The value that a filter of equalities describes: `type eq "work"` is `{type: "work"}`. */
function seedOf(attribute: Attribute, filter: Filter): Json | null {
  if (filter.kind === 'and') {
    const left = seedOf(attribute, filter.left);
    const right = seedOf(attribute, filter.right);
    return left && right && { ...left, ...right };
  }
  if (filter.kind !== 'compare' || filter.operator !== 'eq') return null;
  const part = findAttribute(attribute.subAttributes ?? [], filter.path.name);
  return part === undefined ? null : { [part.name]: filter.value };
}

/**
 * Adds values to others, without those that are there already; a new primary one takes that from the ones
 * before (RFC 7644, 3.5.2). `all` keeps an order that is known.
 */
function onePrimary(
  before: readonly unknown[],
  added: readonly unknown[],
  all?: readonly unknown[],
): readonly unknown[] | undefined {
  const hasNew = added.some((each) => isObject(each) && each['primary'] === true);
  const demoted = (each: unknown): unknown =>
    hasNew && isObject(each) && each['primary'] === true && !added.includes(each)
      ? { ...each, primary: false }
      : each;
  if (all !== undefined) return listOf(all.map(demoted));
  const merged = before.map((each) => {
    const again = added.find((one) => isSame(each, one));
    return isObject(each) && isObject(again) ? { ...each, ...again } : demoted(each);
  });
  const fresh = added.filter((each) => !before.some((one) => isSame(one, each)));
  return listOf([...merged, ...fresh]);
}

/** Two values are one when they have the same `value`, or where there is none, the same of all. */
function isSame(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other)) return one === other;
  if (one['value'] !== undefined && other['value'] !== undefined) {
    const sameType = other['type'] === undefined || one['type'] === other['type'];
    return sameType && one['value'] === other['value'];
  }
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}

const objectOf = (value: unknown): Json => (isObject(value) ? value : {});

const listOf = (values: readonly unknown[]): readonly unknown[] | undefined => {
  const there = values.filter((each) => each !== undefined);
  return there.length === 0 ? undefined : there;
};

const emptyToNothing = (value: Json): Json | undefined =>
  Object.keys(value).length === 0 ? undefined : value;

function put(object: Json, name: string, value: unknown): Json {
  const { [name]: _, ...rest } = object;
  return value === undefined ? rest : { ...object, [name]: value };
}

const without = (value: unknown, name: string): Json | undefined =>
  isObject(value) ? emptyToNothing(put(value, name, undefined)) : undefined;
