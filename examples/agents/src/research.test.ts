import { fileURLToPath } from 'node:url';

import { attempt, Shelf } from '@sagewai/sdk/testing';
import { withInference, type WorkflowEnd } from '@sagewai/sdk/workflow';
import {
  type Said,
  scriptedProvider,
  type ScriptedProvider,
} from '@sagewai/testing/scripted-provider';
import { expect, test } from 'vitest';

import { research } from './research.ts';

const GUIDES = fileURLToPath(new URL('../../../docs/guides', import.meta.url));
const QUOTE = 'A step resolves after its answer is journaled.';
const findings = (quote: string, answer = 'Once it is journaled [1].'): string =>
  JSON.stringify({ answer, citations: [{ file: 'durable-runs.md', quote }] });

async function ask(
  script: readonly Said[],
): Promise<{ end: WorkflowEnd; provider: ScriptedProvider }> {
  const provider = await scriptedProvider(script);
  const gateway = { url: provider.url, token: 'rt-1.x' };
  const input = { question: 'When does a step resolve?', folder: GUIDES };
  const end = await withInference({ gateway }, () =>
    attempt(research.run, new Shelf().open(), { input }),
  );
  return { end, provider };
}

const look: readonly Said[] = [
  { calls: [['search', { query: 'a step resolves after its answer is journaled' }]] },
  {
    calls: [
      ['read', { file: 'durable-runs.md' }],
      ['read', { file: '../../package.json' }],
    ],
  },
];

test('searches, reads, and answers with a citation that its source has', async () => {
  const { end, provider } = await ask([...look, findings(QUOTE)]);
  expect(end).toMatchObject({
    kind: 'completed',
    output: { answer: 'Once it is journaled [1].', citations: [{ quote: QUOTE }] },
  });
  const told = provider.asked.at(-1)?.body.messages?.map(({ content }) => String(content)) ?? [];
  expect(told.find((text) => text.startsWith('['))).toContain(QUOTE);
  expect(told).toContain('There is no file ../../package.json.');
});

test('an answer that cites what is not there goes back, and counts once it holds up', async () => {
  const { end, provider } = await ask([findings('Steps resolve at dawn.'), findings(QUOTE)]);
  expect(end).toMatchObject({ kind: 'completed', output: { citations: [{ quote: QUOTE }] } });
  expect(JSON.stringify(provider.asked[1]?.body.messages)).toContain('does not say');
});

test.each([
  ['a quote of nobody', findings('Steps resolve at dawn.'), 'durable-runs.md does not say'],
  ['a mark without a citation', findings(QUOTE, 'Journaled [2].'), '[2] is no citation'],
  ['nothing', findings(QUOTE, 'Journaled.'), 'it cites nothing'],
])('who cites %s again has no answer', async (_what, answer, why) => {
  const { end } = await ask([answer]);
  expect(end).toMatchObject({ kind: 'failed', retry: false });
  expect(String((end as { error: Error }).error.message)).toContain(why);
});
