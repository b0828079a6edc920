import { Secret } from '@sagewai/config';

import { findPatterns, type Pattern } from '../guardrails/find-patterns.ts';
import { findPii, PII, type Pii } from '../guardrails/find-pii.ts';
import { findSecrets, SECRETS } from '../guardrails/find-secrets.ts';
import type { Action, Find, Guardrail, Hook } from '../guardrails/guardrail.ts';
import {
  type GuardrailKind as Kind,
  kindOf,
  LITELLM_KINDS,
  MODES_EXPECTED,
  readModes,
} from '../guardrails/litellm-kinds.ts';
import type { Section } from './section.ts';

const ACTIONS: readonly Action[] = ['block', 'redact', 'flag'];
const TIMEOUT_MS = 5_000;
const NAME = /^[\w][\w.-]{0,99}$/;

/** `guardrails:`, in LiteLLM's shape. One with a mistake refuses the file: none is left out in silence. */
export function readGuardrails(file: Section): Guardrail[] {
  const seen = new Set<string>();
  const items = file.items('guardrails');
  if (items === undefined && file.has('guardrails')) {
    file.mistake('guardrails', 'expected a list');
  }
  return (items ?? []).flatMap((entry) => {
    const read = readGuardrail(entry);
    entry.noticeUnread();
    if (read === undefined) return [];
    if (seen.has(read.name)) entry.mistake('guardrail_name', 'is there more than once');
    seen.add(read.name);
    return [read];
  });
}

function readGuardrail(entry: Section): Guardrail | undefined {
  const of = (name: string): string => `litellm_params.${name}`;
  const name = entry.text('guardrail_name');
  if (name === undefined || !NAME.test(name)) {
    entry.mistake('guardrail_name', 'expected a name of letters, digits, -, _ and .');
    return undefined;
  }
  const said = entry.text(of('guardrail')) ?? '';
  const kind = kindOf(said);
  if (kind === undefined) {
    const what = `unknown; known are ${Object.keys(LITELLM_KINDS).join(', ')}`;
    // A call that names one which is not there is refused (W2): so this one may be left out, and be told.
    const isAsked = entry.flag(of('default_on')) !== true && !entry.has(of('projects'));
    if (!isAsked) entry.mistake(of('guardrail'), what);
    else
      entry.notice(of('guardrail'), `${what}: it is left out, and calls that name it are refused`);
    return undefined;
  }
  const modes = entry.text(of('mode')) ?? entry.names(of('mode')) ?? ['pre_call'];
  const list = typeof modes === 'string' ? [modes] : modes;
  const { before, after, areKnown } = readModes(list);
  if (!areKnown) entry.mistake(of('mode'), MODES_EXPECTED);
  if (list.includes('during_call')) {
    entry.notice(
      of('mode'),
      'during_call is before the call here: one that is blocked costs nothing',
    );
  }
  const action = entry.text(of('action')) ?? (kind === 'webhook' ? 'redact' : DEFAULT_ACTION[kind]);
  if (!ACTIONS.some((each) => each === action)) {
    entry.mistake(of('action'), `expected ${ACTIONS.join(', ')}`);
  }
  const uninspectable = entry.text(of('uninspectable')) ?? 'pass';
  if (uninspectable !== 'pass' && uninspectable !== 'block') {
    entry.mistake(of('uninspectable'), 'expected pass or block');
  }
  const finding = readFinding(entry, kind);
  return {
    name,
    kind,
    action: action as Action,
    before,
    after,
    isDefault: entry.flag(of('default_on')) ?? false,
    projects: new Set(entry.has(of('projects')) ? (entry.names(of('projects')) ?? []) : []),
    uninspectable: uninspectable === 'block' ? 'block' : 'pass',
    find: finding.find,
    hook: kind === 'webhook' ? readHook(entry) : null,
    looksFor: finding.looksFor,
  };
}

const DEFAULT_ACTION = { pii: 'redact', secrets: 'redact', regex: 'block' } as const;

function readFinding(
  entry: Section,
  kind: Kind,
): { readonly find: Find | null; readonly looksFor: readonly string[] } {
  switch (kind) {
    case 'webhook':
      return { find: null, looksFor: [] };
    case 'secrets':
      return { find: findSecrets, looksFor: SECRETS };
    case 'pii': {
      const path = 'litellm_params.entities';
      const names = entry.has(path) ? (entry.names(path) ?? []) : [...PII];
      const unknown = names.find((name) => !PII.some((each) => each === name));
      if (unknown !== undefined) entry.mistake(path, `unknown; known are ${PII.join(', ')}`);
      return { find: findPii(new Set(names as Pii[])), looksFor: names };
    }
    case 'regex': {
      const patterns = readPatterns(entry);
      try {
        return { find: findPatterns(patterns), looksFor: patterns.map(({ what }) => what) };
      } catch {
        const what = 'not an expression in the syntax of RE2 (no look-around, no back references)';
        entry.mistake('litellm_params.patterns', what);
        return { find: null, looksFor: [] };
      }
    }
  }
}

function readPatterns(entry: Section): Pattern[] {
  const path = 'litellm_params.patterns';
  const items = entry.items(path) ?? [];
  if (items.length === 0)
    entry.mistake(path, 'expected a list like [{name: TICKET, pattern: "T-[0-9]+"}]');
  return items.flatMap((item) => {
    const [name, pattern] = [item.text('name'), item.text('pattern')];
    item.noticeUnread();
    if (name === undefined || pattern === undefined || !NAME.test(name)) {
      item.mistake('', 'a pattern has a name and a pattern');
      return [];
    }
    return [{ what: name, pattern }];
  });
}

function readHook(entry: Section): Hook | null {
  const url = entry.resolve('litellm_params.api_base');
  const secret = entry.resolve('litellm_params.api_key');
  const timeoutMs = entry.seconds('litellm_params.timeout') ?? TIMEOUT_MS;
  // One that cannot be asked lets nothing pass; so the file is refused.
  for (const found of [url, secret]) {
    if (found.kind === 'unset') entry.mistake('litellm_params', `${found.name} is not set`);
  }
  if (url.kind !== 'known' || !/^https?:\/\/[^/\s]/.test(url.value) || !URL.canParse(url.value)) {
    entry.mistake('litellm_params.api_base', 'expected a URL that starts with http:// or https://');
    return null;
  }
  if (secret.kind === 'known' && !/^whsec_[A-Za-z0-9+/=]{24,}$/.test(secret.value)) {
    entry.mistake('litellm_params.api_key', 'expected a secret of webhooks: whsec_ and base64');
    return null;
  }
  return {
    url: url.value,
    secret: secret.kind === 'known' ? new Secret(secret.value) : null,
    timeoutMs: Math.max(1, timeoutMs),
  };
}
