import { generateKeyPairSync } from 'node:crypto';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { readSealed, type SealedEnvelope } from './envelope.ts';
import { type HpkeKeyPair, makeHpkeKeyPair } from './hpke.ts';
import { readSealKeyPem, sealKeyPem, sealKeyText } from './seal-key.ts';
import { openPayload, openResult, sealPayload, sealResult } from './sealed-payload.ts';

const of = { organizationId: 'org-1', projectId: 'project-1' };
const [one, another, stranger, submitter] = [0, 1, 2, 3].map(makeHpkeKeyPair) as [
  HpkeKeyPair,
  HpkeKeyPair,
  HpkeKeyPair,
  HpkeKeyPair,
];
const recipients = [one, another].map(sealKeyText);

function envelopeOf(payload: unknown): SealedEnvelope {
  const sealed = sealPayload(payload, { ...of, recipients, submitter });
  if (!sealed) throw new Error('not sealed');
  return sealed.sealed;
}

function opened(envelope: SealedEnvelope, pair: HpkeKeyPair) {
  const read = openPayload(envelope, pair, of);
  if (read.kind !== 'opened') throw new Error(read.why);
  return read;
}

test('any payload opens for each recipient and for its submitter, and for nobody else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (payload) => {
      const envelope = JSON.parse(JSON.stringify(envelopeOf(payload))) as SealedEnvelope;
      for (const pair of [one, another, submitter]) {
        // JSON knows no -0.
        expect(opened(envelope, pair).payload).toEqual(JSON.parse(JSON.stringify(payload)));
      }
      expect(openPayload(envelope, stranger, of).kind).toBe('refused');
    }),
    { numRuns: 30 },
  );
});

test('the envelope tells nothing of the payload', () => {
  expect(JSON.stringify(envelopeOf({ message: 'canary' }))).not.toMatch(/canary|message/);
});

test('what is changed in it, or where it is moved to, opens nothing', () => {
  const envelope = envelopeOf({ message: 'x' });
  const [first, second] = envelope.recipients;
  if (!first || !second) throw new Error('two recipients');
  const other = envelopeOf({ message: 'y' });
  const swapped = ({ key }: typeof first, { enc, wrapped }: typeof first) => ({
    key,
    enc,
    wrapped,
  });
  const changed: SealedEnvelope[] = [
    { ...envelope, ciphertext: other.ciphertext },
    { ...envelope, recipients: [first] },
    { ...envelope, recipients: [second, first] },
    { ...envelope, recipients: [first, second, { ...first, key: sealKeyText(stranger) }] },
    { ...envelope, submitter: { ...envelope.submitter, key: sealKeyText(stranger) } },
    { ...envelope, recipients: [swapped(first, second), swapped(second, first)] },
    { ...envelope, ciphertext: envelope.ciphertext.slice(0, -4) },
  ];
  for (const each of changed) expect(openPayload(each, one, of).kind).toBe('refused');
  expect(openPayload(envelope, one, { ...of, projectId: 'project-2' }).kind).toBe('refused');
  // Also when the envelope itself says so.
  const moved = { ...envelope, project_id: 'project-2' };
  expect(openPayload(moved, one, { ...of, projectId: 'project-2' }).kind).toBe('refused');
});

test('a result opens for the submitter alone, as the part of the run that it is', () => {
  const envelope = envelopeOf({ message: 'x' });
  const { contentKey } = opened(envelope, one);
  const context = { envelope, contentKey, runId: 'run-1', part: 'output' } as const;
  const sealed = sealResult('"the answer"', context);
  expect(openResult(sealed, submitter, context)).toBe('"the answer"');
  for (const pair of [one, another, stranger]) expect(openResult(sealed, pair, context)).toBeNull();
  expect(openResult(sealed, submitter, { ...context, part: 'error' })).toBeNull();
  expect(openResult(sealed, submitter, { ...context, runId: 'run-2' })).toBeNull();
  expect(openResult(sealed.slice(0, -4), submitter, context)).toBeNull();
  expect(openResult('the answer', submitter, context)).toBeNull();
});

test('who could not open the payload makes no result, although the key to seal for is public', () => {
  const envelope = envelopeOf({ message: 'x' });
  const { contentKey } = opened(envelope, submitter);
  const context = { envelope, runId: 'run-1', part: 'output' } as const;
  const forged = sealResult('"mine"', { ...context, contentKey: Buffer.alloc(32) });
  expect(openResult(forged, submitter, { ...context, contentKey })).toBeNull();
});

test('anybody can read for whom it is, and what is no envelope', () => {
  const envelope = envelopeOf({ message: 'x' });
  const read = readSealed({ sealed: envelope });
  expect(read.kind === 'sealed' && read.envelope.recipients.map(({ key }) => key)).toEqual(
    recipients.toSorted(),
  );
  expect(readSealed({ message: 'x' }).kind).toBe('clear');
  expect(readSealed({ sealed: 'with wax' }).kind).toBe('clear');
  for (const broken of [
    { ...envelope, version: 2 },
    { ...envelope, suite: 'another' },
    { ...envelope, recipients: [] },
    { ...envelope, recipients: [{ ...envelope.submitter, key: 'zz' }] },
    { ...envelope, ciphertext: '' },
    { ...envelope, project_id: 7 },
  ]) {
    expect(readSealed({ sealed: broken }).kind).toBe('malformed');
  }
  expect(readSealed({ sealed: envelope, message: 'in clear' }).kind).toBe('malformed');
});

test('nothing is sealed for nobody, or for what is no key', () => {
  for (const keys of [[], ['zz'], ['00'.repeat(32)]]) {
    expect(sealPayload({}, { ...of, recipients: keys, submitter })).toBeNull();
  }
});

test('a key is kept as PEM, and another kind of key is none', () => {
  const read = readSealKeyPem(sealKeyPem(one));
  expect(read && sealKeyText(read)).toBe(sealKeyText(one));
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  expect(readSealKeyPem(pem)).toBeNull();
  expect(readSealKeyPem('nothing')).toBeNull();
});
