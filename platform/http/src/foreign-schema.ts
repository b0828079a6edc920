/**
 * Checks values by a JSON Schema (2020-12) that somebody else has written: whoever registers a tool, or a server that
 * we ask for its tools. It compiles to code, so its size is bounded; its patterns are RE2's, which take a time that grows
 * with the text alone; it refers to nothing outside itself. A small schema can still ask for a check without end, by
 * referring to itself twice over and over: what might is broken off.
 */
import { setImmediate } from 'node:timers/promises';
import { createContext, Script } from 'node:vm';

import type { Mistake } from '@sagewai/wire';

import { explainMistake } from './explain-mistake.ts';

export type CheckForeign = (value: unknown) => readonly Mistake[];

export type CompiledSchema =
  | { readonly kind: 'compiled'; readonly check: CheckForeign }
  | { readonly kind: 'refused'; readonly why: string };

const SCHEMA_BYTES_MAX = 65_536;
const WHY_LENGTH_MAX = 300;
const CHECK_MS_MAX = 200;
/** Shorter ones without these words take a time that is their length times the value's, at most. */
const PLAIN_LENGTH_MAX = 4_096;
const MULTIPLIES = /"(?:\$ref|\$dynamicRef|uniqueItems|pattern|patternProperties|propertyNames)"/;

export async function compileForeignSchema(schema: object): Promise<CompiledSchema> {
  const written = JSON.stringify(schema);
  if (written.length > SCHEMA_BYTES_MAX) {
    return { kind: 'refused', why: `it has more than ${SCHEMA_BYTES_MAX} characters` };
  }
  // Few servers have tools.
  const [{ Ajv2020 }, { RE2JS }] = await Promise.all([import('ajv/dist/2020.js'), import('re2js')]);
  // Whoever has many is not before everybody else: each takes tens of ms, as the draft itself is compiled too.
  await setImmediate();
  const regExp = Object.assign(
    (pattern: string) => {
      const compiled = RE2JS.compile(pattern);
      // Ajv keeps expressions by what they are as texts.
      return { test: (text: string) => compiled.matcher(text).find(), toString: () => pattern };
    },
    { code: 'none' },
  );
  // Which draft it names is no reason to refuse it; an id would be kept beyond it.
  // `$async` would make it answer with a promise: nothing is wrong yet, and nobody waits for the rejection.
  const { $schema: _draft, $id: _id, $async: _async, ...rest } = schema as Record<string, unknown>;
  try {
    const ajv = new Ajv2020({
      strict: false,
      validateFormats: false,
      validateSchema: true,
      ownProperties: true,
      verbose: true,
      logger: false,
      code: { regExp },
    });
    const compiled = ajv.compile(rest);
    const isPlain = written.length <= PLAIN_LENGTH_MAX && !MULTIPLIES.test(written);
    const validate = (value: unknown): boolean =>
      isPlain ? compiled(value) : withinTime(() => compiled(value));
    return {
      kind: 'compiled',
      check: (value) => {
        try {
          if (validate(value)) return [];
        } catch {
          // A schema that refers to itself without end, or nearly so; or a value that is as deep.
          return [{ part: 'body', path: '', message: 'cannot be checked: it has no end' }];
        }
        return (compiled.errors ?? []).map((error) => ({
          part: 'body' as const,
          ...explainMistake(error),
        }));
      },
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: 'refused', why: why.slice(0, WHY_LENGTH_MAX) };
  }
}

let timed: { readonly scope: { check: () => boolean }; readonly script: Script } | null = null;

/** Throws when its time is up: nothing else ends code that does not wait for anything. */
function withinTime(check: () => boolean): boolean {
  timed ??= {
    scope: createContext({ check }) as { check: () => boolean },
    script: new Script('check()'),
  };
  const { scope, script } = timed;
  scope.check = check;
  return script.runInContext(scope, { timeout: CHECK_MS_MAX }) as boolean;
}
