import { Fault } from '@sagewai/fault';
import { isObject } from '@sagewai/translate';
import { signWebhook } from '@sagewai/trust';

import type { Guardrail, Hook } from './guardrail.ts';
import type { Phase } from './verdict.ts';

/** What of a connection is needed; the guard and the origin are its own (E3). */
export interface Post {
  (
    hook: Hook,
    message: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  ): Promise<{ readonly status: number; readonly text: string }>;
}

export type HookAnswer =
  | { readonly kind: 'allow' }
  | { readonly kind: 'block' }
  /** As many as were sent, in their order. */
  | { readonly kind: 'replace'; readonly texts: readonly string[] };

export interface Asking {
  readonly id: string;
  readonly phase: Phase;
  readonly at: Date;
  readonly call: Readonly<Record<string, string | null>>;
}

/** Asks whoever the operator named. One that does not answer, or answers nonsense, lets nothing pass (W2). */
export async function askHook(
  guardrail: Guardrail,
  hook: Hook,
  texts: readonly string[],
  { asking, post }: { readonly asking: Asking; readonly post: Post },
): Promise<HookAnswer> {
  const { id, phase, at, call } = asking;
  const body = JSON.stringify({ guardrail: guardrail.name, phase, call, texts });
  const secrets = hook.secret === null ? [] : [hook.secret.reveal()];
  const headers = signWebhook({ id, at, body }, secrets);
  const answer = await post(hook, { headers, body }).catch((cause: unknown) => {
    throw isSilent(guardrail, 'could not be reached in time', cause);
  });
  if (answer.status !== 200) throw isSilent(guardrail, `answered ${answer.status}`);
  const read = readAnswer(answer.text, texts.length);
  if (read === undefined) throw isSilent(guardrail, 'answered something that is no verdict');
  return read;
}

function readAnswer(text: string, count: number): HookAnswer | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(answer)) return undefined;
  const { action, texts } = answer;
  if (action === 'allow' || action === 'block') return { kind: action };
  if (action !== 'replace' || !Array.isArray(texts) || texts.length !== count) return undefined;
  if (!texts.every((each) => typeof each === 'string')) return undefined;
  return { kind: 'replace', texts: texts as string[] };
}

function isSilent({ name }: Guardrail, what: string, cause?: unknown): Fault {
  return new Fault('guardrail.unavailable', `guardrail ${name} ${what}`, {
    detail: `The guardrail ${name} ${what}; nothing passes without it.`,
    cause,
  });
}
