import { isUtf8 } from 'node:buffer';

import { findParts } from '@sagewai/http';

import { parseData } from '../bytes/stream-reading.ts';
import { type Checking, checkTexts } from './check-texts.ts';
import { findTexts, replaceTexts } from './text-places.ts';
import { type Deed, lookAtOpaque } from './verdict.ts';

export interface CheckedBody {
  /** The same where nothing was changed (W3). */
  readonly body: Buffer;
  readonly deeds: readonly Deed[];
  readonly blocked: Deed | undefined;
}

/** A whole body. One that is no JSON is a text where it is one, and else cannot be looked into. */
export async function checkBody(
  body: Buffer,
  contentType: string,
  checking: Checking,
): Promise<CheckedBody> {
  const { guardrails, phase } = checking;
  if (body.length === 0) return { body, deeds: [], blocked: undefined };
  if (/^multipart\//i.test(contentType)) return checkForm(body, contentType, checking);
  if (!isJson(body)) {
    if (isMedia(contentType)) {
      const opaque = lookAtOpaque(['body'], guardrails, phase);
      return { body, deeds: opaque ? [opaque] : [], blocked: opaque };
    }
    const read = body.toString();
    const { texts, deeds, blocked } = await checkTexts([read], checking);
    const [text = ''] = texts;
    if (blocked !== undefined || text === read) return { body, deeds, blocked };
    // Bytes that are no text would be broken by writing them anew (W2).
    if (!Buffer.from(read).equals(body)) return instead(deeds, body);
    return { body: Buffer.from(text), deeds, blocked: undefined };
  }
  const { texts: places, opaque } = findTexts(body);
  const unread = lookAtOpaque(opaque, guardrails, phase);
  if (unread !== undefined) return { body, deeds: [unread], blocked: unread };
  const { texts, deeds, blocked } = await checkTexts(
    places.map(({ text }) => text),
    checking,
  );
  const changed = places.flatMap((place, index) => {
    const text = texts[index] ?? '';
    return text === place.text ? [] : [{ place, text }];
  });
  return { body: replaceTexts(body, changed), deeds, blocked };
}

/** Pictures and sound. Whatever else an answer calls itself, it is read. */
export const isMedia = (contentType: string): boolean =>
  /^(?:image|audio|video)\//i.test(contentType);

/**
 * The fields of a form, and its files where they are texts, whatever they call themselves: a batch is one under any
 * name. Where something in it would have to be
 * redacted it is blocked: what was read of it says where its files stand (W2).
 */
async function checkForm(
  body: Buffer,
  contentType: string,
  checking: Checking,
): Promise<CheckedBody> {
  const { guardrails, phase } = checking;
  const found = findParts(body, contentType);
  if (found.kind === 'malformed') return { body, deeds: [], blocked: undefined }; // The route refuses it.
  const opaque: string[] = [];
  const texts: string[] = [];
  for (const { name, filename, start, end } of found.parts) {
    const content = body.subarray(start, end);
    if (filename === undefined || isUtf8(content)) texts.push(withoutEscapes(content.toString()));
    else opaque.push(name);
  }
  const unread = lookAtOpaque(opaque, guardrails, phase);
  if (unread !== undefined) return { body, deeds: [unread], blocked: unread };
  const checked = await checkTexts(texts, checking);
  const isSame = checked.texts.every((text, index) => text === texts[index]);
  if (checked.blocked !== undefined || isSame) {
    return { body, deeds: checked.deeds, blocked: checked.blocked };
  }
  return instead(checked.deeds, body);
}

/** Lines of JSON as they are meant: what is hidden by escapes is found too. */
function withoutEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text
    .split('\n')
    .map((line) => {
      if (!line.includes('\\')) return line;
      const value = parseData(line);
      return value === undefined ? line : JSON.stringify(value);
    })
    .join('\n');
}

/** Blocked, where it cannot be redacted. */
function instead(deeds: readonly Deed[], body: Buffer): CheckedBody {
  const redacted = deeds.find(({ did }) => did === 'redacted');
  const blocked = redacted && ({ ...redacted, did: 'blocked' } as const);
  return { body, deeds: blocked ? [blocked] : deeds, blocked };
}

function isJson(body: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
