/**
 * Texts with `{{body.issue.title}}` in them, filled from what came in. A text that is one such place alone
 * takes its value as it is (a number stays one); in a longer text values are written. What stands for
 * nothing can be said: `{{body.branch ?? "main"}}`.
 *
 * X5. What was filled in is not looked at again: nobody who sends a message writes templates. What is made
 *     is bounded while it is made, however often a large value is named.
 */
import type { FilterMistake } from './filter.ts';
import { ROOTS } from './filter.ts';
import { readPath } from './read-path.ts';

const PLACE = /\{\{([^{}]{1,500})\}\}/g;
const PATH = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_@:/-]+)*$/;
const DEPTH_MAX = 20;
const NODES_MAX = 2_000;

export type Filled =
  | { readonly kind: 'filled'; readonly value: unknown }
  | { readonly kind: 'refused'; readonly why: string };

interface Place {
  readonly words: readonly string[];
  readonly otherwise: unknown;
}

/** What keeps a template from being kept, by JSON pointer; empty: nothing. */
export function findTemplateMistakes(template: unknown, at = ''): FilterMistake[] {
  const mistakes: FilterMistake[] = [];
  let nodes = 0;
  const look = (value: unknown, path: string, depth: number): void => {
    nodes += 1;
    if (nodes > NODES_MAX || depth > DEPTH_MAX) {
      if (mistakes.length === 0) mistakes.push({ path, message: 'is too large or too deep' });
    } else if (typeof value === 'string') {
      for (const message of mistakesOfText(value)) mistakes.push({ path, message });
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        look(inner, `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1);
      }
    }
  };
  look(template, at, 0);
  return mistakes;
}

/** Whether anything in it is filled from what comes in. */
export function hasPlaces(template: unknown): boolean {
  if (typeof template === 'string') return template.search(PLACE) !== -1;
  return (
    typeof template === 'object' && template !== null && Object.values(template).some(hasPlaces)
  );
}

export function fillTemplate(template: unknown, data: object, charsMax: number): Filled {
  let chars = 0;
  const take = (count: number): void => {
    chars += count;
    if (chars > charsMax) throw new TooLarge(); // X5
  };
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') return fillText(value, data, take);
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fill(inner)]));
  };
  try {
    return { kind: 'filled', value: fill(template) };
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return { kind: 'refused', why: `what is made of it has more than ${charsMax} characters` };
  }
}

class TooLarge extends Error {}

function fillText(text: string, data: object, take: (chars: number) => void): unknown {
  const whole = /^\{\{([^{}]{1,500})\}\}$/.exec(text)?.[1];
  if (whole !== undefined) {
    const value = valueOf(whole, data) ?? null;
    take(JSON.stringify(value).length);
    return value;
  }
  take(text.length);
  return text.replaceAll(PLACE, (_, inside: string) => {
    const value = valueOf(inside, data) ?? '';
    const written = typeof value === 'string' ? value : JSON.stringify(value);
    take(written.length);
    return written;
  });
}

function valueOf(inside: string, data: object): unknown {
  const place = parsePlace(inside);
  return typeof place === 'string' ? undefined : (readPath(data, place.words) ?? place.otherwise);
}

function mistakesOfText(text: string): string[] {
  const rest = text.replaceAll(PLACE, '');
  const broken =
    rest.includes('{{') || rest.includes('}}') ? ['has {{ or }} without the other'] : [];
  const places = [...text.matchAll(PLACE)].map(([, inside = '']) => parsePlace(inside));
  return [...broken, ...places.filter((place) => typeof place === 'string')];
}

/** A text: what is wrong with it. */
function parsePlace(inside: string): Place | string {
  const [path = '', ...rest] = inside.split('??').map((part) => part.trim());
  if (!PATH.test(path)) return `${path} is no path`;
  const words = path.split('.');
  const [root = ''] = words;
  if (!(ROOTS as readonly string[]).includes(root)) {
    return `${path} must begin with one of ${ROOTS.join(', ')}`;
  }
  if (rest.length === 0) return { words, otherwise: undefined };
  try {
    return { words, otherwise: JSON.parse(rest.join('??')) as unknown };
  } catch {
    return `${rest.join('??')} must be JSON, such as "main" or 0`;
  }
}
