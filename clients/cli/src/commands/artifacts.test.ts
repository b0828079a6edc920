import { hash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const ID = '0199aaaa-0000-7000-8000-000000000001';
const AT = '2026-01-01T00:00:00Z';
const TEXT = 'a file of three parts';

function artifactOf(text: string): Record<string, unknown> {
  return {
    id: ID,
    project_id: ID,
    run_id: null,
    name: 'a.jsonl',
    bytes: text.length,
    sha256: hash('sha256', text),
    parts: 3,
    created_at: AT,
    created_by: 'token:t',
    completed_at: AT,
  };
}

test('a file is sent in parts, listed, saved as it was, and deleted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sagewai-cli-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [path, copy] = [join(folder, 'a.jsonl'), join(folder, 'copy')];
  await writeFile(path, TEXT);
  const { run, server } = await shell();
  const artifact = artifactOf(TEXT);
  const parts: string[] = [];
  server.on('artifacts.createArtifact', () => ({ status: 201, json: { artifact, part_bytes: 8 } }));
  server.on('artifacts.putPart', ({ params, body }) => {
    parts[Number(params['part'])] = (body as { data: string }).data;
    return { json: { part: Number(params['part']) } };
  });
  server.on('artifacts.completeArtifact', () => ({ json: artifact }));
  server.on('artifacts.listArtifacts', () => ({ json: { artifacts: [artifact] } }));
  server.on('artifacts.getArtifact', () => ({ json: artifact }));
  server.on('artifacts.readPart', ({ params }) => ({
    json: { part: Number(params['part']), data: parts[Number(params['part'])] },
  }));
  server.on('artifacts.deleteArtifact', () => ({ json: { id: ID, deleted: true } }));

  expect((await run(`artifacts send ${path}`)).out).toBe(`${ID}  ${hash('sha256', TEXT)}`);
  expect(server.asked('artifacts.createArtifact')[0]?.body).toEqual({
    name: 'a.jsonl',
    bytes: TEXT.length,
    sha256: hash('sha256', TEXT),
  });
  expect(parts).toHaveLength(3);
  expect((await run(`artifacts list --run ${ID}`)).out).toMatch(/a\.jsonl +21/);
  expect((await run(`artifacts save ${ID} ${copy}`)).code).toBe(0);
  expect(await readFile(copy, 'utf8')).toBe(TEXT);
  // What is there is not written over.
  expect((await run(`artifacts save ${ID} ${copy}`)).code).not.toBe(0);
  parts[1] = Buffer.from('other').toString('base64');
  expect((await run(`artifacts save ${ID} ${join(folder, 'wrong')}`)).code).not.toBe(0);
  await expect(readFile(join(folder, 'wrong'))).rejects.toThrow('ENOENT');
  expect((await run(`artifacts delete ${ID}`)).out).toBe(`${ID} is deleted`);
});
