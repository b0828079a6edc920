import type { Answer } from './served-fixture.ts';

/** A name that the other organization uses where names are ids. */
export const THROWN = 'thrownfinch';
/** A name as long that nobody uses. */
export const TWIN = 'twinfinches';
const REQUEST_ID = /[0-9a-f]{16}-[0-9a-z]+/g;
const NAMES = new RegExp(`${THROWN}|${TWIN}`, 'g');
const INSTANT = /\d{4}-\d{2}-\d{2}[T ][\d:.]+(?:Z|[+-][\d:]+)?/g;
/** Values of credentials, hashes, seals and identifiers that are random. */
const SECRET = /(?:whsec_|sk-…)[\w+/=-]+|[\w-]{20,}(?:[.…=+/][\w=+/-]*)*/g;
/** What is measured is never twice the same. */
const MEASURE = /("[a-z_]*(?:_ms|_seconds|_at|age|bytes|cursor|seq|behind)":\s*)[\d.]+/g;
/** What a submission is told of workers is counted now and then, and each organization has registered its own. */
const COUNTED = /("warning":\s*)"(?:[^"\\]|\\.)*"/g;
export const UUIDS = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** What tells two answers apart but for what was thrown, and what is new or other in every organization. */
export function plain(
  { status, text }: Answer,
  [thrown, org, name]: readonly [string, string, string],
): string {
  const said = text
    .replaceAll(thrown, 'IT')
    .replaceAll(NAMES, 'IT')
    .replaceAll(org, 'ORGANIZATION')
    .replaceAll(`"${name}"`, '"ORGANIZATION"')
    .replaceAll(INSTANT, 'THEN')
    .replaceAll(UUIDS, 'NEW')
    .replaceAll(REQUEST_ID, 'REQUEST');
  // What is made is secret, dated and chained, and comes in the order of what it is named by.
  const plainly = said
    .replaceAll(SECRET, 'SECRET')
    .replaceAll(MEASURE, '$1N')
    .replaceAll(COUNTED, '$1N');
  return `${status} ${plainly
    .split(/[[\]{},\n]/)
    .toSorted()
    .join()}`;
}
