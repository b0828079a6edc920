import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { test } from '../harness/e2e-test.ts';
import { cleanEnvironment } from '../harness/environment.ts';
import { startProcess } from '../harness/process.ts';

const EXAMPLE = fileURLToPath(new URL('../../../examples/acme/src/main.ts', import.meta.url));

interface Report {
  readonly teams: readonly {
    project: string;
    runs: number;
    spent_usd: string;
    workers: string[];
  }[];
  readonly checks: readonly { promise: string; holds: boolean; seen: string }[];
  readonly provider_calls: Readonly<Record<string, number>>;
  readonly holds: boolean;
}

test('three teams, five workers in three pools and an auditor: the example runs by one command, and all of it holds', async ({
  stage,
}) => {
  const running = startProcess(stage, {
    name: 'acme',
    command: process.execPath,
    words: [EXAMPLE, '--json'],
    environment: cleanEnvironment({ TMPDIR: stage.folder }),
  });
  expect(await running.ended).toEqual({ code: 0, signal: null });
  const report = JSON.parse(running.stdout()) as Report;
  expect(report.checks.filter(({ holds }) => !holds)).toEqual([]);
  expect(report.checks.length).toBeGreaterThanOrEqual(24);
  expect(report.checks.map(({ promise }) => promise)).toEqual(
    expect.arrayContaining([
      'Engineering has $0 a day: a model with a price is refused',
      'Marketing beyond its soft budget is warned, and served',
      'Research beyond its soft budget is served by gpt-4o-mini instead',
      'Marketing beyond its hard budget is refused',
      'Audrey Moss changes nothing',
    ]),
  );
  expect(report.holds).toBe(true);
  expect(report.teams.map(({ project, runs }) => [project, runs])).toEqual([
    ['mkt', 6],
    ['eng', 4],
    ['research', 4],
  ]);
  expect(report.teams.find(({ project }) => project === 'eng')?.spent_usd).toBe('0');
  // Each provider answered its own team's work.
  expect(report.provider_calls).toEqual({ openai: 6, anthropic: 4, ollama: 4 });
});
