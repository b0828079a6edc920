/** Another id for each of some, as it stands in JSON. */
export type Renames = ReadonlyMap<string, string>;

/** Of those that are replaced: anything else would be spelt in more than one way. */
const PLAIN = /^[\w.:-]{1,400}$/;
const NAMES = ['"id"', '"previous_response_id"'].map((name) => Buffer.from(name));
const COLON = 0x3a;
const SPACE = 0x20;

/**
 * The bytes with these ids replaced where they are the value of `id` or `previous_response_id`; every other byte
 * stays. No text can hold such a place: inside a string the quotes would be escaped.
 */
export function renameIds(bytes: Buffer, renames: Renames): Buffer {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, text } of placesOf(bytes, renames)) {
    pieces.push(bytes.subarray(from, start), Buffer.from(text));
    from = end;
  }
  if (pieces.length === 0) return bytes;
  pieces.push(bytes.subarray(from));
  return Buffer.concat(pieces);
}

interface Place {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function placesOf(bytes: Buffer, renames: Renames): Place[] {
  const places: Place[] = [];
  for (const [id, other] of renames) {
    if (!PLAIN.test(id)) continue;
    const value = Buffer.from(`"${id}"`);
    for (let at = bytes.indexOf(value); at !== -1; at = bytes.indexOf(value, at + value.length)) {
      if (isNamed(bytes, at))
        places.push({ start: at, end: at + value.length, text: `"${other}"` });
    }
  }
  return places.sort((a, b) => a.start - b.start);
}

function isNamed(bytes: Buffer, valueAt: number): boolean {
  const colon = beforeSpace(bytes, valueAt);
  if (bytes[colon - 1] !== COLON) return false;
  const end = beforeSpace(bytes, colon - 1);
  return NAMES.some(
    (name) => end >= name.length && bytes.subarray(end - name.length, end).equals(name),
  );
}

function beforeSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at > 0 && (bytes[at - 1] ?? 0) <= SPACE) at--;
  return at;
}
