import type { Section } from './section.ts';

export type FoundValue =
  | { readonly kind: 'given'; readonly value: string | undefined }
  | { readonly kind: 'unset' };

/** The first of these paths that says something; one that points to nothing disables the deployment. */
export function findValue(entry: Section, paths: readonly string[]): FoundValue {
  const [path = '', ...others] = paths;
  const found = entry.resolve(path);
  if (found.kind === 'absent') {
    return others.length > 0 ? findValue(entry, others) : { kind: 'given', value: undefined };
  }
  if (found.kind === 'known') return { kind: 'given', value: found.value };
  entry.notice(path, `${found.name} is not set: this deployment is left out`);
  return { kind: 'unset' };
}
