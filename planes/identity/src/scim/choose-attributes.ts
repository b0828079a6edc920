import { isObject, type Json } from './match-filter.ts';
import { parsePath } from './parse-filter.ts';
import { findExtension, resolvePath } from './resolve-path.ts';
import { findAttribute, type ResourceKind, sameName } from './schema.ts';

export interface Shown {
  readonly attributes?: string | undefined;
  readonly excludedAttributes?: string | undefined;
}

/**
 * The resource as it was asked for (RFC 7644, 3.9): with these attributes only, or without those. What is
 * always returned stays; what the schema does not have is passed over.
 */
export function chooseAttributes(kind: ResourceKind, resource: Json, asked: Shown): Json {
  const wanted = namesIn(asked.attributes);
  if (wanted.length > 0) return only(kind, resource, wanted);
  const unwanted = namesIn(asked.excludedAttributes);
  return unwanted.length > 0 ? without(kind, resource, unwanted) : resource;
}

/** Whether an attribute of the resource itself is asked for at all. */
export function isShown(asked: Shown, name: string): boolean {
  const wanted = namesIn(asked.attributes);
  const names = (each: string): boolean =>
    sameName(each, name) || each.toLowerCase().endsWith(`:${name.toLowerCase()}`);
  if (wanted.length > 0)
    return wanted.some((each) => names(each.split('.')[0] ?? '') || names(each));
  return !namesIn(asked.excludedAttributes).some(names);
}

const namesIn = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

function only(kind: ResourceKind, resource: Json, names: readonly string[]): Json {
  const shown: Record<string, unknown> = { schemas: resource['schemas'], id: resource['id'] };
  for (const name of names) {
    const extension = findExtension(kind, name);
    if (extension !== undefined) {
      if (resource[extension] !== undefined) shown[extension] = resource[extension];
      continue;
    }
    const at = placeOf(kind, name);
    if (at === null) continue;
    const source = at.extension === null ? resource : resource[at.extension];
    const value = isObject(source) ? source[at.name] : undefined;
    if (value === undefined) continue;
    const kept = at.sub === null ? value : partOf(value, at.sub);
    if (at.extension === null) shown[at.name] = merge(shown[at.name], kept);
    else {
      const before = shown[at.extension];
      const into = isObject(before) ? before : {};
      shown[at.extension] = { ...into, [at.name]: merge(into[at.name], kept) };
    }
  }
  return shown;
}

function without(kind: ResourceKind, resource: Json, names: readonly string[]): Json {
  const shown: Record<string, unknown> = { ...resource };
  for (const name of names) {
    const extension = findExtension(kind, name);
    if (extension !== undefined) Reflect.deleteProperty(shown, extension);
    const at = extension === undefined ? placeOf(kind, name) : null;
    if (at === null || findAttribute(kind.attributes, at.name)?.returned === 'always') continue;
    const holder = at.extension === null ? shown : shown[at.extension];
    if (!isObject(holder)) continue;
    const { [at.name]: value, ...rest } = holder;
    const left = at.sub === null ? rest : { ...holder, [at.name]: withoutPart(value, at.sub) };
    if (at.extension !== null) shown[at.extension] = left;
    else if (at.sub === null) Reflect.deleteProperty(shown, at.name);
    else shown[at.name] = left[at.name];
  }
  return shown;
}

function placeOf(
  kind: ResourceKind,
  text: string,
): { extension: string | null; name: string; sub: string | null } | null {
  const parsed = parsePath(text);
  if (parsed.kind === 'refused') return null;
  const at = resolvePath(kind, parsed.path.attribute, 'invalidPath');
  if (at.kind === 'refused') return null;
  return { extension: at.extension, name: at.attribute.name, sub: at.sub?.name ?? null };
}

const ofEach = (value: unknown, change: (one: Json) => Json): unknown => {
  if (Array.isArray(value))
    return value.map((each: unknown) => (isObject(each) ? change(each) : each));
  return isObject(value) ? change(value) : value;
};

const partOf = (value: unknown, name: string): unknown =>
  ofEach(value, (one) => (one[name] === undefined ? {} : { [name]: one[name] }));

const withoutPart = (value: unknown, name: string): unknown =>
  ofEach(value, (one) => Object.fromEntries(Object.entries(one).filter(([each]) => each !== name)));

/** Two parts of the same attribute that were asked for one by one. */
function merge(before: unknown, more: unknown): unknown {
  if (Array.isArray(before) && Array.isArray(more)) {
    return more.map((each: unknown, at) => merge(before[at], each));
  }
  return isObject(before) && isObject(more) ? { ...before, ...more } : more;
}
