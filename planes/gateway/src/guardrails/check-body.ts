import { isUtf8 } from 'node:buffer';

import { findParts } from '@sagewai/http';

import { type Checking, checkTexts } from './check-texts.ts';
import { findLineTexts, findTexts, isJson, type Places, replaceTexts } from './text-places.ts';
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
  const places = placesIn(body);
  if (places !== undefined) return checkPlaces(body, places, checking);
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

async function checkPlaces(
  body: Buffer,
  { texts: places, opaque }: Places,
  checking: Checking,
): Promise<CheckedBody> {
  const unread = lookAtOpaque(opaque, checking.guardrails, checking.phase);
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

/** Of JSON, or of lines of it, as a batch has them; undefined: it is neither. */
const placesIn = (body: Buffer): Places | undefined =>
  isJson(body.toString()) ? findTexts(body) : findLineTexts(body);

/** Pictures and sound. Whatever else an answer calls itself, it is read. */
export const isMedia = (contentType: string): boolean =>
  /^(?:image|audio|video)\//i.test(contentType);

const isText = (contentType: string): boolean =>
  /^text\/|^application\/(?:[\w.+-]+\+)?(?:json|ndjson|jsonl|x-ndjson|xml|x-subrip)\b/i.test(
    contentType,
  );

const LINES = /\.(?:jsonl?|txt|csv|md|vtt|srt)$/i;

/**
 * The fields of a form, and its files where they are texts. Where something in it would have to be
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
  for (const { name, filename, type, start, end } of found.parts) {
    const part = body.subarray(start, end);
    const isNamedText = filename === undefined || isText(type ?? '') || LINES.test(filename);
    // Whatever it is called, what can be read is: a batch of another name is one all the same (W1).
    if (!isNamedText && !isUtf8(part)) {
      opaque.push(name);
      continue;
    }
    const places = filename === undefined ? undefined : placesIn(part);
    if (places === undefined) texts.push(part.toString());
    else {
      texts.push(...places.texts.map(({ text }) => text));
      opaque.push(...places.opaque);
    }
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

/** Blocked, where it cannot be redacted. */
function instead(deeds: readonly Deed[], body: Buffer): CheckedBody {
  const redacted = deeds.find(({ did }) => did === 'redacted');
  const blocked = redacted && ({ ...redacted, did: 'blocked' } as const);
  return { body, deeds: blocked ? [blocked] : deeds, blocked };
}
