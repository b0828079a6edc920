/**
 * Where the parts of a `multipart/form-data` body stand in its bytes (RFC 7578). Nothing is copied but the text
 * of fields: a file stays where it arrived, as a span.
 *
 * The same bytes may be passed on to somebody else's parser, so every form that two parsers could read in two
 * ways is refused: names with quotes or backslashes, parameters that are not quoted, a second disposition,
 * a file that only the extended form names, transfer encodings, bytes before the first boundary or after the
 * last, a body that has no end.
 */
import { isUtf8 } from 'node:buffer';

/** `end` is exclusive. */
export interface FormPart {
  readonly name: string;
  /** Undefined: a field of text. */
  readonly filename: string | undefined;
  /** The part's own content type, where it says one. */
  readonly type: string | undefined;
  /** Of its content. */
  readonly start: number;
  readonly end: number;
}

/** What stands for a file in a body that was read. */
export interface FormFile {
  readonly filename: string;
  readonly type: string | undefined;
  readonly start: number;
  readonly end: number;
}

export type FormFields = Readonly<Record<string, unknown>>;

export type FoundParts =
  | { readonly kind: 'found'; readonly parts: readonly FormPart[] }
  | { readonly kind: 'malformed'; readonly because: string };

const PARTS_MAX = 256;
const HEADERS_BYTES_MAX = 4 * 1024;
const TEXT_BYTES_MAX = 1024 * 1024;

const BOUNDARY =
  /^multipart\/form-data\s*;\s*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'()+./:=?-]{1,70}))\s*$/i;
const DISPOSITION =
  /^form-data; ?name="([^"\\\r\n]{1,200})"(?:; ?filename="([^"\r\n]{0,1000})"(?:; ?filename\*=[^;"\r\n]{1,3000})?)?$/i;
const CRLF = Buffer.from('\r\n');
const HEADERS_END = Buffer.from('\r\n\r\n');
const NOTHING = 'its parts have no end';

export function isForm(contentType: string | undefined): boolean {
  return contentType !== undefined && BOUNDARY.test(contentType);
}

export function findParts(body: Buffer, contentType: string | undefined): FoundParts {
  const [, quoted, bare] = BOUNDARY.exec(contentType ?? '') ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) return malformed('its content type has no boundary');
  const opening = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  if (!startsAt(body, 0, opening)) return malformed('it does not begin with its boundary');
  const parts: FormPart[] = [];
  let at = opening.length;
  while (!startsAt(body, at, Buffer.from('--'))) {
    if (!startsAt(body, at, CRLF)) return malformed('a boundary is followed by something else');
    if (parts.length === PARTS_MAX) return malformed(`it has more than ${PARTS_MAX} parts`);
    const headersEnd = body.indexOf(HEADERS_END, at);
    if (headersEnd === -1 || headersEnd - at > HEADERS_BYTES_MAX) return malformed(NOTHING);
    const start = headersEnd + HEADERS_END.length;
    // A part without content ends where its headers do.
    const end = body.indexOf(delimiter, start - CRLF.length);
    if (end === -1) return malformed(NOTHING);
    const head = readHead(body.toString('latin1', at + CRLF.length, headersEnd));
    if (typeof head === 'string') return malformed(head);
    parts.push({ ...head, start, end: Math.max(start, end) });
    at = end + delimiter.length;
  }
  const rest = body.toString('latin1', at + 2, at + 6);
  if (rest !== '' && rest !== '\r\n') return malformed('something follows its last boundary');
  return { kind: 'found', parts };
}

/** The fields by their names: text as text, a file as where it stands, several of a name as a list. */
export function readForm(
  body: Buffer,
  contentType: string | undefined,
):
  | { readonly kind: 'read'; readonly fields: FormFields }
  | Extract<FoundParts, { kind: 'malformed' }> {
  const found = findParts(body, contentType);
  if (found.kind === 'malformed') return found;
  const fields = Object.create(null) as Record<string, unknown>;
  let textBytes = 0;
  for (const { name, filename, type, start, end } of found.parts) {
    let value: string | FormFile;
    if (filename === undefined) {
      textBytes += end - start;
      const text = body.subarray(start, end);
      if (textBytes > TEXT_BYTES_MAX) return malformed('its fields of text are too long');
      if (!isUtf8(text)) return malformed(`the field ${name} is not UTF-8`);
      value = text.toString();
    } else {
      value = { filename, type, start, end };
    }
    const before = fields[name];
    if (before === undefined) fields[name] = value;
    else fields[name] = Array.isArray(before) ? [...(before as unknown[]), value] : [before, value];
  }
  return { kind: 'read', fields };
}

/** A text: what is wrong with it. */
function readHead(text: string): Pick<FormPart, 'name' | 'filename' | 'type'> | string {
  let disposition: RegExpExecArray | null = null;
  let type: string | undefined;
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (colon < 1 || /[\s\r\n]/.test(name)) return 'a part has a header that is none';
    if (name === 'content-disposition') {
      if (disposition !== null) return 'a part is named twice';
      disposition = DISPOSITION.exec(value);
      if (disposition === null) return 'the name of a part cannot be read in one way only';
    } else if (name === 'content-type') type = value;
    else if (name === 'content-transfer-encoding' && !/^(?:7bit|8bit|binary)$/i.test(value))
      return 'a part is encoded';
  }
  const [, field, filename] = disposition ?? [];
  if (field === undefined) return 'a part has no name';
  if (filename?.endsWith('\\') === true) return 'the name of a file cannot be read in one way only';
  return { name: utf8(field), filename: filename === undefined ? undefined : utf8(filename), type };
}

const utf8 = (latin: string): string => Buffer.from(latin, 'latin1').toString();

const startsAt = (body: Buffer, at: number, bytes: Buffer): boolean =>
  body.length >= at + bytes.length &&
  body.compare(bytes, 0, bytes.length, at, at + bytes.length) === 0;

const malformed = (because: string) => ({ kind: 'malformed', because }) as const;
