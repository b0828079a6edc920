/**
 * Conditions on what came in, in JsonLogic: `{"==": [{"var": "body.action"}, "opened"]}`.
 *
 * X4. A filter ends, whatever it is given: no operator calls, loops or matches patterns, its rule is bounded
 *     when it is kept, and every operator is known then.
 */
import { readPath } from './read-path.ts';

type Args = readonly unknown[];
type Operator = (args: Args) => unknown;

export interface FilterMistake {
  /** A JSON pointer into the filter. */
  readonly path: string;
  readonly message: string;
}

const NODES_MAX = 500;
const DEPTH_MAX = 20;
const BYTES_MAX = 16_384;
export const ROOTS = ['body', 'headers', 'trigger', 'delivery'] as const;

const isTrue = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : Boolean(value);

const compare =
  (holds: (one: number | string, other: number | string) => boolean): Operator =>
  ([one, other]) =>
    (typeof one === 'number' && typeof other === 'number') ||
    (typeof one === 'string' && typeof other === 'string')
      ? holds(one, other)
      : false;

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const isIn: Operator = ([one, many]) =>
  Array.isArray(many)
    ? many.includes(one)
    : typeof many === 'string' && typeof one === 'string' && many.includes(one);

/** Values of two kinds are never equal: what a sender means by "1" is not guessed. */
const isSame: Operator = ([one, other]) => (one ?? null) === (other ?? null);

/** What is worked out from values. `var`, `and`, `or` and `if` look at what they need only. */
const OPERATORS: Readonly<
  Record<string, { readonly arity: readonly [number, number]; of: Operator }>
> = {
  '==': { arity: [2, 2], of: isSame },
  '===': { arity: [2, 2], of: isSame },
  '!=': { arity: [2, 2], of: (args) => isSame(args) === false },
  '!==': { arity: [2, 2], of: (args) => isSame(args) === false },
  '<': { arity: [2, 2], of: compare((one, other) => one < other) },
  '<=': { arity: [2, 2], of: compare((one, other) => one <= other) },
  '>': { arity: [2, 2], of: compare((one, other) => one > other) },
  '>=': { arity: [2, 2], of: compare((one, other) => one >= other) },
  '!': { arity: [1, 1], of: ([value]) => !isTrue(value) },
  '!!': { arity: [1, 1], of: ([value]) => isTrue(value) },
  in: { arity: [2, 2], of: isIn },
  starts_with: {
    arity: [2, 2],
    of: ([text, start]) => textOf(text)?.startsWith(textOf(start) ?? '\u0000') ?? false,
  },
  ends_with: {
    arity: [2, 2],
    of: ([text, end]) => textOf(text)?.endsWith(textOf(end) ?? '\u0000') ?? false,
  },
};

const LAZY: Readonly<Record<string, readonly [number, number]>> = {
  and: [1, NODES_MAX],
  or: [1, NODES_MAX],
  if: [2, NODES_MAX],
};

/** What keeps a filter from being kept; empty: nothing. */
export function findFilterMistakes(filter: unknown): FilterMistake[] {
  if (Buffer.byteLength(JSON.stringify(filter) ?? '') > BYTES_MAX) {
    return [{ path: '', message: `may have ${BYTES_MAX} bytes` }];
  }
  const mistakes: FilterMistake[] = [];
  let nodes = 0;
  const look = (rule: unknown, path: string, depth: number): void => {
    nodes += 1;
    if (nodes > NODES_MAX || depth > DEPTH_MAX) {
      if (mistakes.length === 0) mistakes.push({ path, message: 'is too large or too deep' });
      return;
    }
    if (Array.isArray(rule)) {
      for (const [at, each] of rule.entries()) look(each, `${path}/${at}`, depth + 1);
      return;
    }
    if (typeof rule !== 'object' || rule === null) return;
    const [entry, ...others] = Object.entries(rule as Record<string, unknown>);
    if (entry === undefined || others.length > 0) {
      mistakes.push({ path, message: 'must name one operator' });
      return;
    }
    const [name, given] = entry;
    const inside = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (name === 'var') {
      const message = mistakeOfVar(given);
      if (message !== null) mistakes.push({ path: inside, message });
      return;
    }
    const arity = Object.hasOwn(OPERATORS, name)
      ? OPERATORS[name]?.arity
      : Object.hasOwn(LAZY, name)
        ? LAZY[name]
        : undefined;
    if (arity === undefined) {
      mistakes.push({ path: inside, message: `is no operator; there are ${names()}` });
      return;
    }
    const args = listOf(given);
    const [least, most] = arity;
    if (args.length < least || args.length > most) {
      mistakes.push({
        path: inside,
        message: `takes ${least === most ? least : `${least} or more`} values`,
      });
    }
    look(args, inside, depth);
  };
  look(filter, '', 0);
  return mistakes;
}

/** X4. Whether it passes. */
export function passes(filter: unknown, data: object): boolean {
  return filter === null || isTrue(evaluate(filter, data));
}

function evaluate(rule: unknown, data: object): unknown {
  if (Array.isArray(rule)) return rule.map((each) => evaluate(each, data));
  if (typeof rule !== 'object' || rule === null) return rule;
  const [[name, given] = ['', null]] = Object.entries(rule as Record<string, unknown>);
  const args = listOf(given);
  switch (name) {
    case 'var':
      return readPath(data, String(args[0]).split('.')) ?? args[1] ?? null;
    case 'and': {
      let last: unknown = null;
      for (const each of args) if (!isTrue((last = evaluate(each, data)))) break;
      return last;
    }
    case 'or': {
      let last: unknown = null;
      for (const each of args) if (isTrue((last = evaluate(each, data)))) break;
      return last;
    }
    case 'if': {
      let at = 0;
      for (; at + 1 < args.length; at += 2) {
        if (isTrue(evaluate(args[at], data))) return evaluate(args[at + 1], data);
      }
      return at < args.length ? evaluate(args[at], data) : null;
    }
    default:
      return OPERATORS[name]?.of(args.map((each) => evaluate(each, data))) ?? null;
  }
}

function mistakeOfVar(given: unknown): string | null {
  const [path, otherwise = null, ...rest] = listOf(given);
  if (typeof path !== 'string' || rest.length > 0)
    return 'takes a path, and what stands for nothing';
  if (typeof otherwise === 'object' && otherwise !== null) return 'takes a plain value for nothing';
  const [root = ''] = path.split('.');
  return (ROOTS as readonly string[]).includes(root)
    ? null
    : `begins with one of ${ROOTS.join(', ')}`;
}

const listOf = (given: unknown): Args => (Array.isArray(given) ? given : [given]);
const names = (): string => ['var', ...Object.keys(LAZY), ...Object.keys(OPERATORS)].join(' ');
