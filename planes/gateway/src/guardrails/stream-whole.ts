import { dataSpan, endOfEvent, parseEvent } from './stream-events.ts';
import type { StreamTexts } from './stream-texts.ts';
import { findTexts, replaceTexts, type TextPlace } from './text-places.ts';

/** A stream that has been kept back to its end, for rules that must see whole texts. */
export interface WholeStream {
  readonly texts: readonly string[];
  /** With other texts; each stands whole where it began. */
  readonly told: (texts: readonly string[]) => Buffer;
}

interface Stands {
  readonly event: number;
  readonly place: TextPlace;
  readonly text: number;
  readonly isFirst: boolean;
}

export function readWholeStream(
  bytes: Buffer,
  { channelOf }: StreamTexts,
  isEvents: boolean,
): WholeStream {
  const events: Buffer[] = [];
  const texts: string[] = [];
  const stands: Stands[] = [];
  const channels = new Map<string, number>();
  for (let from = 0; from < bytes.length;) {
    const end = endOfEvent(bytes.subarray(from), isEvents) || bytes.length - from;
    const event = bytes.subarray(from, from + end);
    const span = dataSpan(event, isEvents);
    const data = span && parseEvent(event.subarray(span.start, span.end));
    for (const place of span && data ? findTexts(event, span.start, span.end).texts : []) {
      const channel = place.isName ? null : channelOf(data, place.path);
      const known = channel === null ? undefined : channels.get(channel);
      const text = known ?? texts.length;
      if (channel !== null) channels.set(channel, text);
      texts[text] = (texts[text] ?? '') + place.text;
      stands.push({ event: events.length, place, text, isFirst: known === undefined });
    }
    events.push(event);
    from += end;
  }
  return {
    texts,
    told: (changed) =>
      Buffer.concat(
        events.map((event, index) =>
          replaceTexts(
            event,
            stands.flatMap(({ event: at, place, text, isFirst }) =>
              at !== index || changed[text] === texts[text]
                ? []
                : [{ place, text: isFirst ? (changed[text] ?? '') : '' }],
            ),
          ),
        ),
      ),
  };
}
