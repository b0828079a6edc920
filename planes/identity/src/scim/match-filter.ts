import type { Attribute } from './attribute.ts';
import {
  type AttributePath,
  type CompareOperator,
  type CompareValue,
  type Filter,
  refused,
  type Refused,
} from './filter.ts';
import { nameOf, resolvePath } from './resolve-path.ts';
import { findAttribute, type ResourceKind } from './schema.ts';

export type Json = Readonly<Record<string, unknown>>;
export type Matches = (resource: Json) => boolean;
export type CompiledFilter = { readonly kind: 'compiled'; readonly matches: Matches } | Refused;

/** Values at a path, and what they are. */
interface Place {
  readonly kind: 'place';
  readonly attribute: Attribute;
  /** The values themselves, or those of the default part `value` when the values are complex. */
  readonly values: (resource: Json) => readonly unknown[];
  /** Whole values, for `pr` and for filters of their parts. */
  readonly wholes: (resource: Json) => readonly unknown[];
}

/** Makes a filter into a test of resources; refuses what the schema has no attribute or comparison for. */
export function compileFilter(kind: ResourceKind, filter: Filter): CompiledFilter {
  return compile(filter, (path) => placeIn(kind, path));
}

/** The same for the values of one attribute: what stands between brackets. */
export function compileValueFilter(attribute: Attribute, filter: Filter): CompiledFilter {
  return compile(filter, (path) => placeInValue(attribute, path));
}

function compile(filter: Filter, place: (path: AttributePath) => Place | Refused): CompiledFilter {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const left = compile(filter.left, place);
      if (left.kind === 'refused') return left;
      const right = compile(filter.right, place);
      if (right.kind === 'refused') return right;
      return compiled(
        filter.kind === 'and'
          ? (resource) => left.matches(resource) && right.matches(resource)
          : (resource) => left.matches(resource) || right.matches(resource),
      );
    }
    case 'not': {
      const inner = compile(filter.filter, place);
      return inner.kind === 'refused' ? inner : compiled((resource) => !inner.matches(resource));
    }
    case 'present': {
      const at = place(filter.path);
      return at.kind === 'refused' ? at : compiled((resource) => at.wholes(resource).some(isThere));
    }
    case 'some': {
      const at = place(filter.path);
      if (at.kind === 'refused') return at;
      const inner = compileValueFilter(at.attribute, filter.filter);
      if (inner.kind === 'refused') return inner;
      return compiled((resource) =>
        at.wholes(resource).some((value) => isObject(value) && inner.matches(value)),
      );
    }
    case 'compare': {
      const at = place(filter.path);
      return at.kind === 'refused' ? at : compileComparison(at, filter);
    }
  }
}

function compileComparison(
  { attribute, values }: Place,
  { path, operator, value }: Extract<Filter, { kind: 'compare' }>,
): CompiledFilter {
  const unsupported = (): Refused =>
    refused('invalidFilter', `${nameOf(path)} cannot be compared by ${operator} with this value.`);
  if (value === null) {
    // RFC 7644, 3.4.2.2: null and no value are the same.
    if (operator !== 'eq' && operator !== 'ne') return unsupported();
    return compiled((resource) => values(resource).some(isThere) === (operator === 'ne'));
  }
  const comparable = toComparable(attribute, value);
  if (comparable === null || !isSupported(attribute, operator)) return unsupported();
  const compare = COMPARISONS[operator === 'ne' ? 'eq' : operator];
  const isMet = (resource: Json): boolean =>
    values(resource).some((each) => {
      const own = isScalar(each) ? toComparable(attribute, each) : null;
      return own !== null && typeof own === typeof comparable && compare(own, comparable);
    });
  return compiled(operator === 'ne' ? (resource) => !isMet(resource) : isMet);
}

type Comparable = string | number | boolean;

const COMPARISONS: Readonly<
  Record<Exclude<CompareOperator, 'ne'>, (own: Comparable, given: Comparable) => boolean>
> = {
  eq: (own, given) => own === given,
  co: (own, given) => String(own).includes(String(given)),
  sw: (own, given) => String(own).startsWith(String(given)),
  ew: (own, given) => String(own).endsWith(String(given)),
  gt: (own, given) => own > given,
  ge: (own, given) => own >= given,
  lt: (own, given) => own < given,
  le: (own, given) => own <= given,
};

/** RFC 7644, table 3: booleans and binaries have no order, and texts alone have parts. */
function isSupported({ type }: Attribute, operator: CompareOperator): boolean {
  if (operator === 'eq' || operator === 'ne') return true;
  if (type === 'boolean' || type === 'binary') return false;
  return type !== 'dateTime' || !['co', 'sw', 'ew'].includes(operator);
}

function toComparable(
  { type, caseExact }: Attribute,
  value: Exclude<CompareValue, null>,
): Comparable | null {
  switch (type) {
    case 'boolean':
      if (typeof value === 'boolean') return value;
      // As Entra ID spells booleans.
      return /^(?:true|false)$/i.test(String(value))
        ? String(value).toLowerCase() === 'true'
        : null;
    case 'dateTime': {
      const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
      return Number.isNaN(at) ? null : at;
    }
    case 'complex':
      return null;
    case 'string':
    case 'reference':
    case 'binary':
      if (typeof value !== 'string') return null;
      return caseExact ? value : value.toLowerCase();
  }
}

function placeIn(kind: ResourceKind, path: AttributePath): Place | Refused {
  const at = resolvePath(kind, path, 'invalidFilter');
  if (at.kind === 'refused') return at;
  const { extension, attribute, sub } = at;
  if (attribute.returned === 'never') {
    return refused('invalidFilter', `${attribute.name} cannot be filtered by.`);
  }
  const tops = (resource: Json): readonly unknown[] => {
    const holder = extension === null ? resource : resource[extension];
    return isObject(holder) ? asList(holder[attribute.name]) : [];
  };
  return toPlace(attribute, sub, tops);
}

function placeInValue(attribute: Attribute, path: AttributePath): Place | Refused {
  const sub =
    path.sub === null ? findAttribute(attribute.subAttributes ?? [], path.name) : undefined;
  if (path.schema !== null || sub === undefined) {
    return refused('invalidFilter', `${attribute.name} has no part ${nameOf(path)}.`);
  }
  return toPlace(sub, null, (value) => asList(value[sub.name]));
}

function toPlace(
  attribute: Attribute,
  sub: Attribute | null,
  tops: (resource: Json) => readonly unknown[],
): Place {
  const part = sub ?? findAttribute(attribute.subAttributes ?? [], 'value');
  const wholes = sub === null ? tops : (resource: Json) => partsOf(tops(resource), sub.name);
  if (part === undefined) return { kind: 'place', attribute, values: tops, wholes };
  const values = (resource: Json): readonly unknown[] => partsOf(tops(resource), part.name);
  return { kind: 'place', attribute: sub ?? compared(attribute, part), values, wholes };
}

/** A complex attribute is compared as its `value` is, and filtered by its own parts. */
const compared = (attribute: Attribute, value: Attribute): Attribute => ({
  ...value,
  name: attribute.name,
  subAttributes: attribute.subAttributes ?? [],
});

const partsOf = (values: readonly unknown[], name: string): readonly unknown[] =>
  values.flatMap((value) => (isObject(value) ? asList(value[name]) : []));

const compiled = (matches: Matches): CompiledFilter => ({ kind: 'compiled', matches });

const isScalar = (value: unknown): value is Comparable =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function asList(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as readonly unknown[]) : [value];
}

/** RFC 7644: an empty text and an empty object are no value. */
const isThere = (value: unknown): boolean =>
  value !== null &&
  value !== undefined &&
  value !== '' &&
  !(isObject(value) && Object.keys(value).length === 0);
