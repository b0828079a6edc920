import fc from 'fast-check';
import { expect, test } from 'vitest';

import { csvLine, formatSpend, spendHeading } from './spend-formats.ts';

const row = {
  id: '0199aaaa-0000-7000-8000-000000000001',
  kind: 'settlement' as const,
  project_id: '0199aaaa-0000-7000-8000-000000000002',
  key_id: null,
  team_id: 'a, b',
  person_id: null,
  run_id: null,
  worker_id: null,
  model: 'gpt "4"',
  deployment: 'd',
  provider: 'openai',
  cost_usd: '0.000000000001',
  reserved_usd: '1',
  saved_usd: '0.5',
  overrun_usd: '0',
  input_tokens: 7,
  cached_input_tokens: 0,
  cache_write_tokens: 0,
  output_tokens: 3,
  usage_source: 'provider' as const,
  status: 'ok' as const,
  started_at: '2026-11-28T00:00:00.000Z',
  settled_at: '2026-11-28T00:00:01.000Z',
  session_id: '=HYPERLINK("x")',
  agent: '-1+2',
  tags: ['t', 'u'],
};

test('a call is one line, with as many cells as the heading', () => {
  expect(JSON.parse(formatSpend(row, 'jsonl'))).toEqual(row);
  expect(spendHeading('jsonl')).toBeNull();
  const line = formatSpend(row, 'csv');
  expect(line).toBe(
    `${row.id},settlement,${row.started_at},${row.settled_at},${row.project_id},,"a, b",,,,` +
      `"'=HYPERLINK(""x"")",'-1+2,t u,"gpt ""4""",d,openai,ok,0.000000000001,1,0,7,0,0,3,provider,0.5`,
  );
  expect(readCsv(line)).toHaveLength(spendHeading('csv')?.split(',').length ?? 0);
});

test('whatever the cells hold, they are read as they were', () => {
  const text = fc.string().filter((value) => !/^[-=+@\t\r]/.test(value));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), (cells) => {
      expect(readCsv(csvLine(cells))).toEqual(cells);
    }),
  );
  expect(csvLine(['-0.5', null, -3])).toBe('-0.5,,-3');
});

/** Reads one record by RFC 4180, apart from what writes it. */
function readCsv(line: string): string[] {
  const cells: string[] = [];
  let at = 0;
  for (;;) {
    const quoted = /"((?:[^"]|"")*)"/y;
    quoted.lastIndex = at;
    const plain = /[^,]*/y;
    plain.lastIndex = at;
    const found = quoted.exec(line);
    cells.push(found ? (found[1] ?? '').replaceAll('""', '"') : (plain.exec(line)?.[0] ?? ''));
    at = found ? quoted.lastIndex : plain.lastIndex;
    if (line[at] !== ',') return cells;
    at++;
  }
}
