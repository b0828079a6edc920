import type { FoundFields, Span } from './find-fields.ts';
import { findFields, watch } from './find-fields.ts';

/** Names of a request that decide its price or its shape; each may occur once, in this spelling. */
export const METERED_NAMES = watch([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'n',
  'prediction',
  'service_tier',
  'web_search_options',
]);

const STREAM_OPTION_NAMES = watch(['include_usage']);

export type CapField = 'max_tokens' | 'max_completion_tokens';

/** The only changes that a body ever undergoes (M5). */
export interface RequestChanges {
  /** The name that the provider knows the model by. */
  readonly model: string;
  readonly askForUsage: boolean;
  readonly cap: { readonly field: CapField; readonly tokens: number } | undefined;
}

interface Edit extends Span {
  readonly text: string;
}

export type Rewrite =
  | { readonly kind: 'rewritten'; readonly body: Buffer }
  | { readonly kind: 'ambiguous'; readonly name: string };

/**
 * The body with the changes spliced in; every other byte is the caller's own. A body that needs no
 * change is returned as it is, not copied.
 */
export function rewriteRequest(
  body: Buffer,
  fields: FoundFields,
  changes: RequestChanges,
): Rewrite {
  const edits: Edit[] = [];
  replace(body, edits, fields.spans.get('model'), JSON.stringify(changes.model));
  if (changes.cap) setField(body, edits, fields, [changes.cap.field, String(changes.cap.tokens)]);
  if (changes.askForUsage) {
    const span = fields.spans.get('stream_options');
    if (span === undefined || body[span.start] !== OPEN_BRACE) {
      setField(body, edits, fields, ['stream_options', '{"include_usage":true}']);
    } else {
      const options = findFields(body, span.start, STREAM_OPTION_NAMES);
      if (options.kind === 'ambiguous') return options;
      setField(body, edits, options, ['include_usage', 'true']);
    }
  }
  return { kind: 'rewritten', body: apply(body, edits) };
}

const OPEN_BRACE = 0x7b;

function setField(
  body: Buffer,
  edits: Edit[],
  fields: FoundFields,
  [name, value]: readonly [string, string],
): void {
  const span = fields.spans.get(name);
  if (span) {
    replace(body, edits, span, value);
    return;
  }
  const { insertAt: start } = fields;
  edits.push({ start, end: start, text: `"${name}":${value}${fields.isEmpty ? '' : ','}` });
}

function replace(body: Buffer, edits: Edit[], span: Span | undefined, text: string): void {
  if (span === undefined || body.toString('utf8', span.start, span.end) === text) return;
  edits.push({ ...span, text });
}

function apply(body: Buffer, edits: Edit[]): Buffer {
  if (edits.length === 0) return body;
  edits.sort((a, b) => a.start - b.start);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, text } of edits) {
    pieces.push(body.subarray(from, start), Buffer.from(text));
    from = end;
  }
  pieces.push(body.subarray(from));
  return Buffer.concat(pieces);
}
