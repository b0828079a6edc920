import type { IncomingHttpHeaders } from 'node:http';

import { findParts } from '@sagewai/http';

import { fold, type Span } from '../bytes/find-fields.ts';
import type { findRequestFields, RequestChanges, RequestFields } from '../bytes/rewrite-request.ts';

/** How a form is metered and changed: as JSON is, but that only its model may be another (M5). */
export interface FormBody {
  readonly find: (
    raw: Buffer,
    headers: IncomingHttpHeaders,
  ) => ReturnType<typeof findRequestFields>;
  readonly rewrite: (raw: Buffer, fields: RequestFields, changes: RequestChanges) => Buffer;
}

/** Each of these names occurs once at most, and as text; some parsers take `n[]` or `N` for `n`. */
export function formBody(metered: readonly string[]): FormBody {
  const watched = new Map(metered.map((name) => [fold(name), name]));
  return {
    find: (raw, headers) => {
      const found = findParts(raw, headers['content-type']);
      const spans = new Map<string, Span>();
      const parts = found.kind === 'found' ? found.parts : [];
      for (const { name, filename, start, end } of parts) {
        const exact = watched.get(fold(name.replace(/\[.*$/s, '')));
        if (exact === undefined) continue;
        if (exact !== name || filename !== undefined || spans.has(name)) {
          return { kind: 'ambiguous', name };
        }
        spans.set(name, { start, end });
      }
      const top = { kind: 'found', insertAt: 0, isEmpty: false, spans } as const;
      return { kind: 'found', fields: { top, options: undefined } };
    },
    rewrite: (raw, { top }, { model }) => {
      const span = top.spans.get('model');
      if (span === undefined || raw.toString('utf8', span.start, span.end) === model) return raw;
      const ends = [raw.subarray(0, span.start), raw.subarray(span.end)] as const;
      return Buffer.concat([ends[0], Buffer.from(model), ends[1]]);
    },
  };
}

/** What a form is in is said by its content type, which passes with it. */
export const passFormHeaders = (
  headers: IncomingHttpHeaders,
): Readonly<Record<string, string>> => ({
  'content-type': headers['content-type'] ?? '',
});
