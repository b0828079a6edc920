import type { Attribute } from './attribute.ts';
import { type AttributePath, refused, type Refused, type ScimErrorType } from './filter.ts';
import { findAttribute, type ResourceKind, sameName } from './schema.ts';

export interface ResolvedPath {
  readonly kind: 'resolved';
  /** The schema of the extension that it stands in; null: the resource's own. */
  readonly extension: string | null;
  readonly attribute: Attribute;
  readonly sub: Attribute | null;
}

/** The attribute that a path names; what the schemas do not have is refused by name. */
export function resolvePath(
  kind: ResourceKind,
  path: AttributePath,
  type: ScimErrorType,
): ResolvedPath | Refused {
  const missing = (): Refused => refused(type, `${kind.name} has no attribute ${nameOf(path)}.`);
  const isOwn = path.schema === null || sameName(path.schema, kind.schema);
  const extension = isOwn ? null : findExtension(kind, path.schema);
  if (extension === undefined) return missing();
  const attributes = extension === null ? kind.attributes : (kind.extensions[extension] ?? []);
  const attribute = findAttribute(attributes, path.name);
  if (attribute === undefined) return missing();
  if (path.sub === null) return { kind: 'resolved', extension, attribute, sub: null };
  const sub = findAttribute(attribute.subAttributes ?? [], path.sub);
  return sub === undefined ? missing() : { kind: 'resolved', extension, attribute, sub };
}

/** The schema of an extension in its own spelling. */
export function findExtension(kind: ResourceKind, schema: string | null): string | undefined {
  return Object.keys(kind.extensions).find((each) => sameName(each, schema ?? ''));
}

export const nameOf = ({ schema, name, sub }: AttributePath): string =>
  `${schema === null ? '' : `${schema}:`}${name}${sub === null ? '' : `.${sub}`}`;
