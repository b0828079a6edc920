/**
 * The query tag. `sql<Row>` promises the shape of the rows; a `.pg.test.ts` beside each use keeps it.
 *
 * Interpolated values become parameters; an interpolated statement (or `sql.join`) is merged as a
 * fragment. Nothing is ever concatenated into the text.
 *
 * A template without fragments has the same text each time, so its text and its name (the server-side
 * prepared statement) are computed once per place in the source.
 */

import type { Executor, Result } from './database.ts';

interface Shape {
  readonly text: string;
  readonly name: string;
}

const shapeOfTemplate = new WeakMap<TemplateStringsArray, Shape>();
const nameOfText = new Map<string, string>();

// Statements composed of fragments have many shapes; past this many, further ones stay unnamed.
const NAMED_SHAPES_MAX = 2_000;

export class Statement<Row> {
  readonly strings: readonly string[];
  readonly parts: readonly unknown[];
  readonly #shape: Shape | undefined;

  constructor(strings: readonly string[], parts: readonly unknown[], shape?: Shape) {
    this.strings = strings;
    this.parts = parts;
    this.#shape = shape;
  }

  /** Text with `$n`, values, and the name of the prepared statement (empty when it has none). */
  compile(): { text: string; values: readonly unknown[]; name: string } {
    if (this.#shape) return { ...this.#shape, values: this.parts };
    const values: unknown[] = [];
    const text = flatten(this, values);
    return { text, values, name: nameFor(text) };
  }

  execute(executor: Executor): Promise<Result<Row>> {
    return executor.run(this);
  }
}

function flatten(statement: Statement<unknown>, values: unknown[]): string {
  let text = statement.strings[0] ?? '';
  for (const [index, part] of statement.parts.entries()) {
    if (part instanceof Statement) text += flatten(part, values);
    else text += `$${values.push(part)}`;
    text += statement.strings[index + 1] ?? '';
  }
  return text;
}

function nameFor(text: string): string {
  const known = nameOfText.get(text);
  if (known !== undefined) return known;
  if (nameOfText.size >= NAMED_SHAPES_MAX) return '';
  const name = `s${nameOfText.size}`;
  nameOfText.set(text, name);
  return name;
}

function tag<Row>(strings: TemplateStringsArray, ...parts: readonly unknown[]): Statement<Row> {
  // Asked first: a template may interpolate a fragment in one call and a value in another.
  if (parts.some((part) => part instanceof Statement)) return new Statement(strings, parts);
  const known = shapeOfTemplate.get(strings);
  if (known) return new Statement(strings, parts, known);
  const text = strings.reduce((all, next, index) => `${all}$${index}${next}`);
  const shape = { text, name: nameFor(text) };
  shapeOfTemplate.set(strings, shape);
  return new Statement(strings, parts, shape);
}

function join(fragments: readonly Statement<unknown>[], separator = ', '): Statement<never> {
  if (fragments.length === 0) return new Statement([''], []);
  const strings = ['', ...fragments.slice(1).map(() => separator), ''];
  return new Statement(strings, fragments);
}

export interface Sql {
  <Row = Record<string, never>>(
    strings: TemplateStringsArray,
    ...parts: readonly unknown[]
  ): Statement<Row>;
  /** Fragments with a fixed separator (`, `, ` and `) between them; none gives an empty fragment. */
  readonly join: (
    fragments: readonly Statement<unknown>[],
    separator?: ', ' | ' and ' | ' or ' | ' ',
  ) => Statement<never>;
}

export const sql: Sql = Object.assign(tag, { join });
