import { describe, expect, test } from 'vitest';

import { sql } from './statement.ts';

describe('sql', () => {
  test('turns values into parameters, never into text', () => {
    const evil = "'; drop table run; --";
    const { text, values } = sql`select ${evil} where id = ${7}`.compile();
    expect(text).toBe('select $1 where id = $2');
    expect(values).toEqual([evil, 7]);
  });

  test('numbers the parameters of nested fragments in order', () => {
    const filters = sql.join([sql`a = ${1}`, sql`b = ${2}`], ' and ');
    const { text, values } = sql`select ${0} from t where ${filters} limit ${3}`.compile();
    expect(text).toBe('select $1 from t where a = $2 and b = $3 limit $4');
    expect(values).toEqual([0, 1, 2, 3]);
  });

  test('a join of nothing is an empty fragment', () => {
    expect(sql`select 1 ${sql.join([])}`.compile().text).toBe('select 1 ');
  });

  test('one place in the source has one name, and different text another', () => {
    const at = (id: number): string => sql`select ${id}::int`.compile().name;
    expect(at(1)).toBe(at(2));
    expect(at(1)).not.toBe(sql`select ${1}::text`.compile().name);
  });

  test('a template that takes a value once and a fragment later keeps them apart', () => {
    const where = (part: unknown): string => sql`select 1 where ${part}`.compile().text;
    expect(where(true)).toBe('select 1 where $1');
    expect(where(sql`false`)).toBe('select 1 where false');
    expect(where(true)).toBe('select 1 where $1');
  });
});
