import { findFields, watch } from './find-fields.ts';

const COMMA = 0x2c;
const SPACE = 0x20;

export type CutFields =
  | { readonly kind: 'cut'; readonly body: Buffer }
  | { readonly kind: 'ambiguous'; readonly name: string };

/**
 * A body without some of its fields: those that are for this server, and that no provider knows. Every
 * other byte stays as it is; where there is nothing to cut, it is the same body.
 */
export function cutFields(body: Buffer, names: readonly string[]): CutFields {
  const found = findFields(body, 0, watch(names));
  if (found.kind === 'ambiguous') return found;
  let rest = body;
  // From the last on: what is before a cut stays where it is.
  const spans = [...found.spans].toSorted(([, a], [, b]) => b.start - a.start);
  for (const [name, { start, end }] of spans) {
    let from = rest.lastIndexOf(`"${name}"`, start - 1);
    let to = skipSpace(rest, end, 1);
    if (rest[to] === COMMA) {
      to++;
    } else {
      to = end;
      const before = skipSpace(rest, from - 1, -1);
      if (rest[before] === COMMA) from = before;
    }
    rest = Buffer.concat([rest.subarray(0, from), rest.subarray(to)]);
  }
  return { kind: 'cut', body: rest };
}

function skipSpace(body: Buffer, from: number, step: 1 | -1): number {
  let at = from;
  while (at >= 0 && at < body.length && (body[at] ?? 0) <= SPACE) at += step;
  return at;
}
