import {
  type HpkeKeyPair,
  makeHpkeKeyPair,
  openPayload,
  readSealed,
  sealKeyPem,
  sealKeyText,
  sealPayload,
  sealResult,
} from '@sagewai/seal';
import { describe, expect, test } from 'vitest';

import { openRun, type SealedRun } from './open-run.ts';
import { readSealKey, type SealKey } from './seal-key.ts';

const OF = { organizationId: 'org-1', projectId: 'project-1' };
const PAYLOAD = { message: 'Between us: žluťoučký 🐎', parts: [1, null] };
const [worker, submitter, stranger] = [0, 1, 2].map(makeHpkeKeyPair) as [
  HpkeKeyPair,
  HpkeKeyPair,
  HpkeKeyPair,
];

async function keyOf(pair: HpkeKeyPair): Promise<SealKey> {
  const key = await readSealKey(sealKeyPem(pair));
  if (key === null) throw new Error('not a key');
  return key;
}

/** As the worker does it: it opens the payload, and seals what came of it for the submitter. */
function sealedRun(): SealedRun {
  const payload = sealPayload(PAYLOAD, { ...OF, recipients: [sealKeyText(worker)], submitter });
  const read = readSealed(payload);
  if (read.kind !== 'sealed') throw new Error('not sealed');
  const opened = openPayload(read.envelope, worker, OF);
  if (opened.kind !== 'opened') throw new Error(opened.why);
  const { contentKey } = opened;
  const of = { envelope: read.envelope, contentKey, runId: 'run-1' };
  return {
    id: 'run-1',
    organization_id: OF.organizationId,
    project_id: OF.projectId,
    payload,
    output: sealResult(JSON.stringify({ answer: 42 }), { ...of, part: 'output' }),
    error: sealResult('It broke.', { ...of, part: 'error' }),
  };
}

describe('a sealed run, by the cryptography of browsers', () => {
  test('opens for its submitter: what it was given, its output, its errors', async () => {
    const run = sealedRun();
    const opened = await openRun(run, await keyOf(submitter));
    expect(opened).toMatchObject({
      kind: 'opened',
      payload: PAYLOAD,
      output: { answer: 42 },
      error: 'It broke.',
    });
    if (opened.kind !== 'opened') throw new Error(opened.why);
    expect(await opened.openError(run.error ?? '')).toBe('It broke.');
    expect(await opened.openError(String(run.output))).toBeNull();
  });

  test('does not open for a stranger', async () => {
    const opened = await openRun(sealedRun(), await keyOf(stranger));
    expect(opened).toMatchObject({ kind: 'refused' });
    expect(opened.kind === 'refused' && opened.why).toMatch(/^It is not sealed for the key/);
  });

  test.each([
    ['another run', { id: 'run-2' }],
    ['another project', { project_id: 'project-2' }],
    ['another organization', { organization_id: 'org-2' }],
  ])('does not open as that of %s', async (_, moved) => {
    const opened = await openRun({ ...sealedRun(), ...moved }, await keyOf(submitter));
    expect(opened.kind).toBe('refused');
  });

  test('does not open once its payload was changed, or its result is that of another payload', async () => {
    const [run, other] = [sealedRun(), sealedRun()];
    const text = JSON.stringify(run.payload);
    const at = text.indexOf('"ciphertext":"') + 20;
    const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
    const key = await keyOf(submitter);
    const payload: unknown = JSON.parse(changed);
    expect(await openRun({ ...run, payload }, key)).toMatchObject({ kind: 'refused' });
    expect(await openRun({ ...run, output: other.output }, key)).toMatchObject({ kind: 'refused' });
  });
});

describe('a key file', () => {
  test('gives a key that no script can read again', async () => {
    const key = await keyOf(submitter);
    expect(key.text).toBe(sealKeyText(submitter));
    expect(key.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('pkcs8', key.privateKey)).rejects.toThrow(/extractable/);
  });

  test.each(['', 'sk-fleet-1', sealKeyPem(makeHpkeKeyPair()).replace('MC4C', 'MC4D')])(
    'that is none is refused: %#',
    async (text) => {
      expect(await readSealKey(text)).toBeNull();
    },
  );
});
