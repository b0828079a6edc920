import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { attempt, Shelf } from '@sagewai/sdk/testing';
import { withInference } from '@sagewai/sdk/workflow';
import { type Said, scriptedProvider } from '@sagewai/testing/scripted-provider';
import { expect, onTestFinished, test } from 'vitest';

import { readDiff } from './read-diff.ts';
import { review } from './review.ts';

const BEFORE = `export function total(prices) {
  let sum = 0;
  for (const price of prices) sum += price;
  return sum;
}
`;
const AFTER = `export function total(prices) {
  let sum = 0;
  for (let at = 0; at <= prices.length; at += 1) sum += prices[at];
  return sum;
}
`;

/** A repository of two commits; the second has a mistake in line 3. */
async function makeRepository(): Promise<{ path: string; git: (...words: string[]) => string }> {
  const path = await mkdtemp(join(tmpdir(), 'sagewai-review-'));
  onTestFinished(() => rm(path, { recursive: true }));
  const author = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
  const git = (...words: string[]): string =>
    execFileSync('git', [...author, ...words], { cwd: path, encoding: 'utf8' });
  git('init', '--quiet', '--initial-branch=main');
  for (const text of [BEFORE, AFTER]) {
    await writeFile(join(path, 'total.js'), text);
    git('add', '.');
    git('commit', '--quiet', '-m', 'change');
  }
  return { path, git };
}

const finding = (line: number, file = 'total.js'): object => ({
  file,
  line,
  severity: 'bug',
  message: 'It reads one price too many.',
});

async function run(
  script: readonly Said[],
  more: object = {},
  shelf = new Shelf(),
  writesMax = 99,
) {
  const { path } = await makeRepository();
  const provider = await scriptedProvider(script);
  const gateway = { url: provider.url, token: 'rt-1.x' };
  const input = { repository: path, base: 'HEAD~1', head: 'HEAD', ...more };
  const go = (writes: number) =>
    withInference({ gateway }, () => attempt(review.run, shelf.open(writes), { input }));
  return { end: await go(writesMax), provider, path, go };
}

test('reads the diff and a file, and reports what is in new lines', async () => {
  const { end, provider } = await run([
    {
      calls: [
        ['read_file', { file: 'total.js' }],
        ['read_file', { file: '../../etc/passwd' }],
      ],
    },
    JSON.stringify({ findings: [finding(3), finding(1), finding(3, 'other.js')] }),
  ]);
  expect(end).toMatchObject({
    kind: 'completed',
    output: { findings: [finding(3)], left_out: 2 },
  });
  const [asked, told] = provider.asked.map(({ body }) => JSON.stringify(body.messages));
  expect(asked).toContain('at <= prices.length');
  expect(told).toContain('export function total');
  expect(told).not.toContain('root:');
});

test('whoever goes on reviews the same diff, whatever the clone has become', async () => {
  const shelf = new Shelf();
  const answer = JSON.stringify({ findings: [finding(3)] });
  const { path, provider, go } = await run([answer], {}, shelf, 1);
  await rm(join(path, '.git'), { recursive: true });
  expect(await go(99)).toMatchObject({ kind: 'completed', output: { findings: [finding(3)] } });
  expect(JSON.stringify(provider.asked.at(-1)?.body.messages)).toContain('at <= prices.length');
});

test('the new lines of a diff are those of the new files', async () => {
  const { git } = await makeRepository();
  expect([...(readDiff(git('diff', 'HEAD~1...HEAD')).get('total.js') ?? [])]).toEqual([3]);
  // A line that looks like a head, within a hunk.
  const tricky = [
    'diff --git a/x b/x',
    '--- a/x',
    '+++ b/x',
    '@@ -1 +1,2 @@',
    '-old',
    '+++ b/y',
    '+new',
  ];
  expect([...readDiff(tricky.join('\n'))]).toEqual([['x', new Set([1, 2])]]);
});
