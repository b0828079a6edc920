import { ConfigError } from './config-error.ts';
import { type Config, type Fields, keyOf } from './field.ts';
import { resolve, type Sources } from './resolve.ts';

/**
 * Reads a process's configuration, once, at start: flags over environment over file over default.
 * Throws one ConfigError with every mistake. The keys that come out are the names in camel case.
 */
export function readConfig<Declared extends Fields>(
  fields: Declared,
  sources: Sources,
): Config<Declared> {
  const mistakes: string[] = [];
  const config: Record<string, unknown> = {};
  for (const { name, field, outcome } of resolve(fields, sources)) {
    if (outcome.kind === 'mistake') mistakes.push(outcome.message);
    else config[keyOf(name, field.kind)] = outcome.value;
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return config as Config<Declared>;
}
