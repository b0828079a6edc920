import {
  findFields,
  type FoundFields,
  skipSpace,
  type Span,
  type WatchedNames,
} from './find-fields.ts';

/** Names of a request that decide its price or its shape; each may occur once, in this spelling. */
export interface RequestNames {
  readonly top: WatchedNames;
  /** A field whose own fields are metered too. */
  readonly options: { readonly field: string; readonly names: WatchedNames } | undefined;
}

const OPEN_BRACE = 0x7b;

/** Where everything stands in a request that may be changed. */
export interface RequestFields {
  readonly top: FoundFields;
  /** Of the field with metered fields of its own, if it is there. */
  readonly options: FoundFields | undefined;
}

/** Before a call is decided: what is ambiguous must be known before anything is taken. */
export function findRequestFields(
  body: Buffer,
  { top: topNames, options: nested }: RequestNames,
):
  | { readonly kind: 'found'; readonly fields: RequestFields }
  | { readonly kind: 'ambiguous'; readonly name: string } {
  const top = findFields(body, 0, topNames);
  if (top.kind === 'ambiguous') return top;
  const span = nested && top.spans.get(nested.field);
  if (nested === undefined || span === undefined || body[span.start] !== OPEN_BRACE) {
    return { kind: 'found', fields: { top, options: undefined } };
  }
  const options = findFields(body, span.start, nested.names);
  return options.kind === 'ambiguous' ? options : { kind: 'found', fields: { top, options } };
}

export type ChatCapField = 'max_tokens' | 'max_completion_tokens';
export type CapField =
  | ChatCapField
  | 'max_output_tokens'
  | 'generationConfig.maxOutputTokens'
  | 'inferenceConfig.maxTokens';

/** The only changes that a body ever undergoes (M5). */
export interface RequestChanges {
  /** The name that the provider knows the model by. */
  readonly model: string;
  readonly askForUsage: boolean;
  /** What stands in the place of the whole field of the model, where the URL names it. */
  readonly insteadOfModel?: string | undefined;
  readonly cap: { readonly field: CapField; readonly tokens: number } | undefined;
  /** A watched field that is for us alone. */
  readonly drops?: string | undefined;
}

interface Edit extends Span {
  readonly text: string;
}

/**
 * The body with the changes spliced in; every other byte is the caller's own. A body that needs no
 * change is returned as it is, not copied.
 */
export function rewriteRequest(
  body: Buffer,
  { top, options }: RequestFields,
  { model, insteadOfModel, cap, askForUsage, drops }: RequestChanges,
): Buffer {
  const edits: Edit[] = [];
  const span = top.spans.get('model');
  if (insteadOfModel === undefined) replace(body, edits, span, JSON.stringify(model));
  else if (span)
    edits.push({ start: startOfField(body, span), end: span.end, text: insteadOfModel });
  if (cap) setCap(body, edits, { top, options }, cap);
  if (askForUsage && options) setField(body, edits, options, ['include_usage', 'true']);
  else if (askForUsage) setField(body, edits, top, ['stream_options', '{"include_usage":true}']);
  // Last: where it is the first field, what is put in stands before it.
  if (drops !== undefined) drop(body, edits, top.spans.get(drops), drops);
  return apply(body, edits);
}

const COMMA = ','.charCodeAt(0);

/** A whole member, with the comma behind it, or before it where it is the last. */
function drop(body: Buffer, edits: Edit[], value: Span | undefined, name: string): void {
  if (value === undefined) return;
  const start = body.lastIndexOf(`"${name}"`, value.start - 1);
  const after = skipSpace(body, value.end);
  if (body[after] === COMMA) edits.push({ start, end: after + 1, text: '' });
  else edits.push({ start: body.lastIndexOf(COMMA, start), end: value.end, text: '' });
}

const QUOTE = 0x22;

/** Its name has neither quotes nor escapes in it: another spelling is refused. */
function startOfField(body: Buffer, { start }: Span): number {
  const closing = body.lastIndexOf(QUOTE, start - 1);
  return body.lastIndexOf(QUOTE, closing - 1);
}

/** A limit may stand in a field of its own, which is the one whose names are watched. */
function setCap(
  body: Buffer,
  edits: Edit[],
  { top, options }: RequestFields,
  { field, tokens }: NonNullable<RequestChanges['cap']>,
): void {
  const [outer = '', inner] = field.split('.');
  if (inner === undefined) setField(body, edits, top, [field, String(tokens)]);
  else if (options) setField(body, edits, options, [inner, String(tokens)]);
  else setField(body, edits, top, [outer, `{"${inner}":${tokens}}`]);
}

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
