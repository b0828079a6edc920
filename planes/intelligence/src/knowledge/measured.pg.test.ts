/** What refinement does to real documents: this repository's guides, and questions whose page is known. */
import { globSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';

import { expect } from 'vitest';

import { intelligenceTest as test } from '../intelligence-test.ts';
import { tokensOf } from './refine.ts';

const GUIDES = resolve(import.meta.dirname, '../../../../docs/guides');

const QUESTIONS: readonly (readonly [question: string, page: string])[] = [
  ['How do I point Claude Code at the gateway?', 'use-claude-code.md'],
  ['Which settings does Cursor need?', 'use-cursor.md'],
  ['How do I restore a backup?', 'back-up-and-restore.md'],
  ['How is a model chosen by how complex a request is?', 'choose-models-by-complexity.md'],
  ['How do I replace the encryption key while servers run?', 'replace-the-encryption-key.md'],
  ['How long is kept what calls say?', 'keep-what-calls-say.md'],
  ['How does a run go on at another worker after a crash?', 'durable-runs.md'],
  ['How does SCIM make users and groups?', 'scim.md'],
  ['How do I sign in with a passkey?', 'sign-in.md'],
  ['How do I make a trigger from a webhook?', 'triggers-and-webhooks.md'],
  ['How do I run a batch of model calls?', 'run-batches.md'],
  ['How are workers scaled by what waits?', 'autoscale.md'],
  ['How does a person approve the call of a tool?', 'tools.md'],
  ['How are answers cached?', 'cache-answers.md'],
  ['How do I serve HTTPS with a certificate?', 'serve-https.md'],
];

test('refined, fewer tokens have the page of the question as often', async ({ replicaWith }) => {
  const replica = replicaWith({ passageTokensMax: 600 });
  const documents = globSync(`${GUIDES}/*.md`).map((path) => ({
    path: basename(path),
    text: readFileSync(path, 'utf8'),
  }));
  await replica.call('POST /admin/index/build', 'write', { documents });
  const measure = async (refine: boolean): Promise<{ hits: number; tokens: number }> => {
    let [hits, tokens] = [0, 0];
    for (const [query, page] of QUESTIONS) {
      const { body } = await replica.call('POST /api/v1/context/search', 'read', { query, refine });
      const results = body.results as { doc_path: string; full_text: string }[];
      hits += Number(results.some(({ doc_path: path }) => path === page));
      tokens += results.reduce((sum, { full_text: text }) => sum + tokensOf(text), 0);
    }
    return { hits, tokens: Math.round(tokens / QUESTIONS.length) };
  };
  const [off, on] = [await measure(false), await measure(true)];
  console.log({ off, on, questions: QUESTIONS.length });
  expect(on.hits).toBeGreaterThanOrEqual(off.hits);
  expect(on.hits).toBeGreaterThanOrEqual(12);
  expect(on.tokens).toBeLessThanOrEqual(600);
});
