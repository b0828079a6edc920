/**
 * Versions of workers: what a run may pin, and who gets the runs of a pool that ramps a new one.
 *
 * A version is any short text. One that reads as a semantic version (`2.0`, `v2.1.3-rc.1`; what is left out
 * is 0) can be pinned by a range as well; any other only by the text itself.
 */
import { hash } from 'node:crypto';

/** So many runs in a hundred of a pool go to this version, the rest to the others. */
export interface Ramp {
  readonly version: string;
  readonly percent: number;
}

interface Parsed {
  readonly numbers: readonly [number, number, number];
  /** Empty: it is a release. */
  readonly pre: readonly string[];
}

interface Comparator {
  readonly op: '<' | '<=' | '>' | '>=';
  readonly than: Parsed;
}

const NUMBER = String.raw`(?:0|[1-9]\d{0,8})`;
const PRE = String.raw`(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z.-]+)?`;
const VERSION = new RegExp(`^v?(${NUMBER})(?:\\.(${NUMBER}))?(?:\\.(${NUMBER}))?${PRE}$`);
const PART = String.raw`(${NUMBER}|[xX*])`;
const COMPARATOR = new RegExp(
  `^(<=|>=|<|>|=|\\^|~)?v?${PART}(?:\\.${PART})?(?:\\.${PART})?${PRE}$`,
);

/** Whether a worker of this version may have a run that pins that; both are compared as text first. */
export function satisfiesPin(version: string | null, pin: string): boolean {
  if (version === null) return false;
  if (version === pin) return true;
  const parsed = parseVersion(version);
  const range = parsed === null ? null : parseRange(pin);
  if (parsed === null || range === null) return false;
  return range.some(
    (all) =>
      all.every((comparator) => holds(parsed, comparator)) &&
      // A version before a release is only for whoever names one of the same release.
      (parsed.pre.length === 0 ||
        all.some(
          ({ than }) => than.pre.length > 0 && compareNumbers(than.numbers, parsed.numbers) === 0,
        )),
  );
}

/** Whether the text is meant as a range and cannot be one: it would wait for ever. */
export function isMistakenPin(pin: string): boolean {
  return /[<>=^~|\s]/.test(pin) && parseRange(pin) === null;
}

/**
 * Whether a worker of this version may have the run, by the ramp of its pool. `ramped`: the version for which
 * the run was chosen when it was submitted. A ramp that is over, or that another has followed, binds nobody.
 */
export function allowedByRamp(
  version: string | null,
  ramped: string | undefined,
  ramp: Ramp | null,
): boolean {
  if (ramp === null) return true;
  const isNew = version === ramp.version;
  if (ramp.percent === 0 || ramp.percent === 100) return isNew === (ramp.percent === 100);
  return isNew === (ramped === ramp.version);
}

/** The version that a run of this pool is for; undefined: it is not for the new one. Alike on every replica. */
export function rampedVersion(runId: string, ramp: Ramp | null): string | undefined {
  return ramp !== null && bucketOf(runId) < ramp.percent ? ramp.version : undefined;
}

/** From 0 to 99; a run stays in its bucket, so a ramp that grows takes runs in and puts none out. */
function bucketOf(runId: string): number {
  return Buffer.from(hash('sha256', runId), 'hex').readUInt32BE() % 100;
}

function parseVersion(text: string): Parsed | null {
  const found = VERSION.exec(text);
  if (found === null) return null;
  const [, major = '0', minor = '0', patch = '0', pre = ''] = found;
  return {
    numbers: [Number(major), Number(minor), Number(patch)],
    pre: pre === '' ? [] : pre.split('.'),
  };
}

/** One of the lists must hold as a whole. Null: it is no range. */
function parseRange(text: string): Comparator[][] | null {
  const lists: Comparator[][] = [];
  for (const part of text.split('||')) {
    const list: Comparator[] = [];
    for (const word of part
      .trim()
      .replaceAll(/([<>=^~])\s+/g, '$1')
      .split(/\s+/)) {
      const bounds = parseComparator(word);
      if (bounds === null) return null;
      list.push(...bounds);
    }
    lists.push(list);
  }
  return lists;
}

function parseComparator(word: string): Comparator[] | null {
  const found = COMPARATOR.exec(word);
  if (found === null) return null;
  const [, op = '=', ...rest] = found;
  const parts = rest.slice(0, 3).map((part) => (/^\d/.test(part ?? '') ? Number(part) : null));
  const given = parts.indexOf(null) === -1 ? 3 : parts.indexOf(null);
  const numbers = [0, 1, 2].map((at) => (at < given ? (parts[at] ?? 0) : 0)) as [
    number,
    number,
    number,
  ];
  const pre = given === 3 && rest[3] !== undefined ? rest[3].split('.') : [];
  const low: Parsed = { numbers, pre };
  switch (op) {
    case '>=':
    case '<':
      return [{ op, than: low }];
    // Of a part that is not said, all are meant: `>2.1` begins after every 2.1.x.
    case '>':
      return [given === 3 ? { op, than: low } : { op: '>=', than: after(numbers, given - 1) }];
    case '<=':
      return [given === 3 ? { op, than: low } : { op: '<', than: after(numbers, given - 1) }];
    case '^': {
      const first = numbers.findIndex((number) => number > 0);
      const fixed = first === -1 ? given - 1 : Math.min(first, given - 1);
      return between(low, after(numbers, fixed));
    }
    case '~':
      return between(low, after(numbers, Math.min(1, given - 1)));
    default:
      return given === 3
        ? [
            { op: '>=', than: low },
            { op: '<=', than: low },
          ]
        : between(low, after(numbers, given - 1));
  }
}

function between(low: Parsed, high: Parsed): Comparator[] {
  return [
    { op: '>=', than: low },
    { op: '<', than: high },
  ];
}

/** The first version after all that have the parts up to this one; before part 0 there is none. */
function after(numbers: readonly number[], part: number): Parsed {
  const next = [0, 1, 2].map((at) => {
    if (part < 0) return Number.MAX_SAFE_INTEGER;
    return at < part ? (numbers[at] ?? 0) : at === part ? (numbers[at] ?? 0) + 1 : 0;
  });
  return { numbers: next as [number, number, number], pre: [] };
}

function holds(version: Parsed, { op, than }: Comparator): boolean {
  const order = compare(version, than);
  switch (op) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

function compare(one: Parsed, other: Parsed): number {
  const order = compareNumbers(one.numbers, other.numbers);
  if (order !== 0) return order;
  if (one.pre.length === 0 || other.pre.length === 0) return other.pre.length - one.pre.length;
  for (let at = 0; at < Math.max(one.pre.length, other.pre.length); at++) {
    const [a, b] = [one.pre[at], other.pre[at]];
    if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
    if (a === b) continue;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
    if (isNumber && isOtherNumber && Number(a) !== Number(b)) return Number(a) - Number(b);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return a < b ? -1 : 1;
  }
  return 0;
}

function compareNumbers(one: readonly number[], other: readonly number[]): number {
  for (const at of [0, 1, 2]) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
