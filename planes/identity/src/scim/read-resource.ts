import type { Attribute } from './attribute.ts';
import { refused, type Refused } from './filter.ts';
import { isObject, type Json } from './match-filter.ts';
import { findExtension } from './resolve-path.ts';
import { findAttribute, type ResourceKind } from './schema.ts';

export type ReadResource = { readonly kind: 'resource'; readonly resource: Json } | Refused;

const VALUES_MAX = 200;
const TEXT_LENGTH_MAX = 4_096;

/**
 * A resource as a client sent it, in the spelling of the schemas: names in their case, text booleans as
 * booleans, without what the schemas do not have, what only the server writes, and what has no value.
 */
export function readResource(kind: ResourceKind, sent: Json): ReadResource {
  const resource: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(sent)) {
    const extension = findExtension(kind, name);
    if (extension !== undefined) {
      const read = readObject(kind.extensions[extension] ?? [], value, name);
      if (read.kind === 'refused') return read;
      if (read.value !== undefined) resource[extension] = read.value;
      continue;
    }
    const attribute = findAttribute(kind.attributes, name);
    if (attribute === undefined || attribute.mutability === 'readOnly') continue;
    const read = readValue(attribute, value);
    if (read.kind === 'refused') return read;
    if (read.value !== undefined) resource[attribute.name] = read.value;
  }
  return { kind: 'resource', resource };
}

export type ReadValue = { readonly kind: 'value'; readonly value: unknown } | Refused;

const value = (read: unknown): ReadValue => ({ kind: 'value', value: read });
const NOTHING = value(undefined);

/** `undefined`: no value. One value where there may be several is a list of one. */
export function readValue(attribute: Attribute, sent: unknown): ReadValue {
  if (!attribute.multiValued) return readOne(attribute, sent);
  if (sent === undefined || sent === null) return NOTHING;
  const items: unknown[] = [];
  const given = Array.isArray(sent) ? (sent as readonly unknown[]) : [sent];
  if (given.length > VALUES_MAX && attribute.name !== 'members') {
    return refused('invalidValue', `${attribute.name} has more than ${VALUES_MAX} values.`);
  }
  for (const each of given) {
    const read = readOne(attribute, each);
    if (read.kind === 'refused') return read;
    if (read.value !== undefined) items.push(read.value);
  }
  return items.length === 0 ? NOTHING : value(items);
}

/** One value of it, whether or not there may be several. */
export function readOne(attribute: Attribute, sent: unknown): ReadValue {
  if (sent === null || sent === undefined) return NOTHING;
  const { name, type, subAttributes = [] } = attribute;
  const wrong = (): Refused => refused('invalidValue', `${name} has a value of another kind.`);
  switch (type) {
    case 'boolean':
      if (typeof sent === 'boolean') return value(sent);
      // Entra ID sends "True" and "False".
      return typeof sent === 'string' && /^(?:true|false)$/i.test(sent)
        ? value(sent.toLowerCase() === 'true')
        : wrong();
    case 'complex': {
      // A bare text is its main part: Entra ID sends a manager as its id.
      const main = findAttribute(subAttributes, 'value');
      if (typeof sent === 'string' && main !== undefined) {
        return sent === '' ? NOTHING : readObject(subAttributes, { value: sent }, name);
      }
      return readObject(subAttributes, sent, name);
    }
    case 'string':
    case 'reference':
    case 'dateTime':
    case 'binary': {
      // Some directories keep numbers of employees and telephones as numbers.
      const text = typeof sent === 'number' ? String(sent) : sent;
      if (typeof text !== 'string') return wrong();
      return text.length > TEXT_LENGTH_MAX
        ? refused('invalidValue', `${name} is too long.`)
        : value(text);
    }
  }
}

function readObject(attributes: readonly Attribute[], sent: unknown, of: string): ReadValue {
  if (sent === null || sent === undefined) return NOTHING;
  if (!isObject(sent)) return refused('invalidValue', `${of} has a value of another kind.`);
  const object: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(sent)) {
    const attribute = findAttribute(attributes, name);
    if (attribute === undefined || attribute.mutability === 'readOnly') continue;
    const read = readOne(attribute, each);
    if (read.kind === 'refused') return read;
    if (read.value !== undefined) object[attribute.name] = read.value;
  }
  return Object.keys(object).length === 0 ? NOTHING : value(object);
}
