/**
 * Gemini signs what it thought, and wants the signature back on the very part that bore it. Clients send
 * `thinking_blocks` back as they got them, so that is where signatures travel: `gemini:0:…` is of the first
 * call of a message, `gemini:text:…` of its text. Clients made for Google's own compatible endpoint return
 * `extra_content` of a call instead, so calls bear it there too.
 */
import { isObject, type JsonObject, objectsOf, textOf } from '../json.ts';

const SIGNED = /^gemini:(text|\d{1,4}):(.*)$/s;
const MAKER = 'gemini:';

/** Of one message of an assistant. */
export interface Signatures {
  readonly text: string | undefined;
  /** By the position among the calls. */
  readonly calls: ReadonlyMap<number, string>;
  /** Whether there is thinking of another maker, which Gemini would refuse. */
  readonly hasForeign: boolean;
}

export const isGeminiThinking = (block: JsonObject): boolean =>
  textOf(block['signature']).startsWith(MAKER);

export function signedBlock(of: 'text' | number, signature: string, thinking = ''): JsonObject {
  return { type: 'thinking', thinking, signature: `${MAKER}${of}:${signature}` };
}

export const signedCall = (signature: string): JsonObject =>
  signature === '' ? {} : { extra_content: { google: { thought_signature: signature } } };

export function signaturesOf(message: JsonObject): Signatures {
  const calls = new Map<number, string>();
  let text: string | undefined;
  let hasForeign = false;
  for (const [at, call] of objectsOf(message['tool_calls']).entries()) {
    const extra = isObject(call['extra_content']) ? call['extra_content'] : {};
    const google = isObject(extra['google']) ? extra['google'] : {};
    const signature = textOf(google['thought_signature']);
    if (signature !== '') calls.set(at, signature);
  }
  for (const block of objectsOf(message['thinking_blocks'])) {
    const [, of, signature] = SIGNED.exec(textOf(block['signature'])) ?? [];
    if (of === undefined || signature === undefined) hasForeign = true;
    else if (of === 'text') text = signature;
    else calls.set(Number(of), signature);
  }
  return { text, calls, hasForeign };
}
