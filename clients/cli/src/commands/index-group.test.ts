import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const index = {
  documents: 2,
  chunks: 5,
  bytes: 900,
  embedding_model: null,
  source: 'documents that were sent',
  built_at: '2026-01-01T00:00:00Z',
  built_by: 'token:1',
};

test('index: the texts of a folder are sent, told, searched and deleted', async () => {
  const { run, server } = await shell();
  const folder = mkdtempSync(join(tmpdir(), 'sagewai-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, '.git'));
  writeFileSync(join(folder, '.git', 'x.md'), 'no');
  writeFileSync(join(folder, 'b.md'), 'two');
  writeFileSync(join(folder, 'a.txt'), 'one');
  writeFileSync(join(folder, 'c.png'), 'no');
  server.on('knowledge.buildIndex', () => ({ json: { status: 'built', message: 'ok', index } }));
  server.on('knowledge.readIndex', () => ({ json: { status: 'ready', index } }));
  server.on('knowledge.deleteIndex', () => ({ json: { status: 'deleted', message: 'Gone.' } }));
  const found = { id: 1, doc_path: 'a.txt', heading: 'H', content: 'one', chunk: 0, score: 1 };
  server.on('knowledge.searchIndex', () => ({
    json: {
      query: 'q',
      results: [{ ...found, text: 'one', full_text: 'one', rank: 1 }],
      count: 1,
    },
  }));

  expect((await run(['index', 'build', folder, '--force'])).out).toContain('words alone');
  expect(server.asked('knowledge.buildIndex')[0]?.body).toEqual({
    force_rebuild: true,
    documents: [
      { path: 'a.txt', text: 'one' },
      { path: 'b.md', text: 'two' },
    ],
  });
  await run('index build --source-dir guides');
  expect(server.asked('knowledge.buildIndex')[1]?.body).toEqual({
    force_rebuild: false,
    source_dir: 'guides',
  });
  expect((await run(['index', 'build', folder, '--source-dir', 'x'])).code).not.toBe(0);
  expect((await run('index build /nowhere/at/all')).code).not.toBe(0);
  expect((await run('index status')).out).toMatch(/2 +5 +900/);
  expect((await run(['index', 'search', 'what?', '--no-refine'])).out).toBe('[1] a.txt — H\none');
  expect(server.asked('knowledge.searchIndex')[0]?.body).toMatchObject({ top_k: 4, refine: false });
  expect((await run('index delete')).out).toBe('Gone.');
});
