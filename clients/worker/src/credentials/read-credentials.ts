import type { InferenceOverrides, WorkerCredentials } from '@sagewai/sdk';
import { parse } from 'yaml';

export type ReadCredentials =
  | { readonly kind: 'read'; readonly credentials: WorkerCredentials }
  /** Names what is wrong and never repeats a value: values are secrets. */
  | { readonly kind: 'wrong'; readonly why: string };

type Check = (value: unknown, path: string) => string | null;

const text: Check = (value, path) =>
  typeof value === 'string' && value !== '' ? null : `${path}: expected text`;

const texts: Check = (value, path) => {
  if (!isRecord(value)) return `${path}: expected names with texts`;
  return first(Object.values(value).map((each) => text(each, `${path}, each`)));
};

const variables: Check = (value, path) => {
  const wrong = texts(value, path);
  if (wrong !== null || !isRecord(value)) return wrong;
  const name = Object.keys(value).find((each) => !/^[A-Za-z_]\w*$/.test(each));
  return name === undefined ? null : `${path}: a name is no name of a variable`;
};

const base: Check = (value, path) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return `${path}: expected an http or https URL`;
  return url.username || url.password ? `${path}: a key goes into api_key, not into the URL` : null;
};

const seconds: Check = (value, path) =>
  typeof value === 'number' && value > 0 && value <= 86_400 ? null : `${path}: expected seconds`;

const INFERENCE = {
  api_base: base,
  api_key: text,
  custom_llm_provider: (value, path) =>
    typeof value === 'string' && /^[a-z][\w-]{0,49}$/i.test(value)
      ? null
      : `${path}: expected the name of a provider`,
  timeout: seconds,
} as const satisfies Record<keyof InferenceOverrides, Check>;

const WHOLE = {
  model_overrides: texts,
  inference_overrides: (value, path) => fields(value, path, INFERENCE),
  env_overrides: variables,
} as const satisfies Record<keyof WorkerCredentials, Check>;

/** Reads a credentials file: YAML, and so JSON too. What is not known is refused, as it may be misspelt. */
export function readCredentials(content: string): ReadCredentials {
  let value: unknown;
  try {
    value = parse(content, { logLevel: 'error' });
  } catch {
    return { kind: 'wrong', why: 'it is neither YAML nor JSON' };
  }
  if (value === null || value === undefined) return { kind: 'read', credentials: {} };
  return checkCredentials(value);
}

/** As a program of its own gives them, for which there is no compiler to ask. */
export function checkCredentials(value: unknown): ReadCredentials {
  const wrong = fields(value, '', WHOLE);
  return wrong === null
    ? { kind: 'read', credentials: value as WorkerCredentials }
    : { kind: 'wrong', why: wrong };
}

function fields(value: unknown, path: string, known: Readonly<Record<string, Check>>) {
  const at = (name: string): string => {
    // What looks like no name may be a secret in the wrong place.
    const shown = /^[a-z_]{1,40}$/i.test(name) ? name : 'a name';
    return path === '' ? shown : `${path}.${shown}`;
  };
  const expected = Object.keys(known).join(', ');
  if (!isRecord(value)) return `${path || 'the file'}: expected ${expected}`;
  return first(
    Object.entries(value).map(([name, each]) => {
      const check = Object.hasOwn(known, name) ? known[name] : undefined;
      return check ? check(each, at(name)) : `${at(name)}: is not known; expected ${expected}`;
    }),
  );
}

const first = (mistakes: readonly (string | null)[]): string | null =>
  mistakes.find((mistake) => mistake !== null) ?? null;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
