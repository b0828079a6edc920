import type { Section } from './section.ts';

/** What is not known here, though its author means it: without this deployment the rest starts. */
export function leaveOut(
  entry: Section,
  path: string,
  what: string,
): { readonly kind: 'disabled' } {
  entry.notice(path, `${what}: this deployment is left out`);
  return { kind: 'disabled' };
}
