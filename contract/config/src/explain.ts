import type { Fields } from './field.ts';
import { resolve, type SourceName, type Sources } from './resolve.ts';

/** A row of `sagewai config explain`. Texts are safe to print: secrets are hidden. */
export interface Explanation {
  readonly name: string;
  /** Null when there is none, or when it is not valid. */
  readonly value: string | null;
  readonly source: SourceName;
  /** Null when the field is required, or absent by default. */
  readonly default: string | null;
  readonly description: string;
  /** What is wrong with it, without the value. */
  readonly mistake: string | null;
}

/** What each field is, and where it comes from; mistakes are rows like any other. */
export function explain(fields: Fields, sources: Sources): Explanation[] {
  return resolve(fields, sources).map(({ name, field, source, outcome }) => {
    const show = (value: unknown): string | null => (value === null ? null : field.show(value));
    return {
      name,
      value: outcome.kind === 'value' ? show(outcome.value) : null,
      source,
      default: field.fallback.kind === 'default' ? show(field.fallback.value) : null,
      description: field.description,
      mistake: outcome.kind === 'mistake' ? outcome.message : null,
    };
  });
}
