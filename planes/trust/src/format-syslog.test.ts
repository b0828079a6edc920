import { type ChainEntry, GENESIS_HASH } from '@sagewai/wire';
import { expect, test } from 'vitest';

import { Deframer } from './collector-fixture.ts';
import { formatSyslog, frameSyslog } from './format-syslog.ts';

const entry = (of: Partial<ChainEntry> = {}): ChainEntry => ({
  version: 1,
  organization_id: 'o',
  seq: 7,
  at: '2026-11-27T12:00:00.000001Z',
  actor: 'token:a',
  action: 'fleet.approveWorker',
  subject: 'worker:Zoë\n1 2',
  outcome: 'ok',
  request_id: '',
  details: '{}',
  previous_hash: GENESIS_HASH,
  hash: 'ff',
  ...of,
});

test('is a message of RFC 5424 with the entry at its end', () => {
  const text = formatSyslog(entry(), 'jsonl').toString();
  const head =
    '<110>1 2026-11-27T12:00:00.000001Z - sagewai - fleet.approveWorker [meta sequenceId="7"] ';
  expect(text.startsWith(head)).toBe(true);
  expect(JSON.parse(text.slice(head.length))).toEqual(entry());
});

test('a refusal is a warning, a hostile action stays a word, numbers begin again at 1', () => {
  const odd = entry({ outcome: 'caller.forbidden', action: 'a b\n"ü]'.repeat(9), seq: 2 ** 31 });
  expect(formatSyslog(odd, 'cef').toString()).toMatch(
    /^<108>1 \S+ - sagewai - [\x21-\x7e]{32} \[meta sequenceId="1"\] CEF:0\|/,
  );
});

test('frames are found again wherever the stream is split', () => {
  const messages = [entry(), entry({ seq: 8, details: '{"text":"9 <110>1 x"}' })].map((each) =>
    formatSyslog(each, 'jsonl'),
  );
  const stream = Buffer.concat(messages.map(frameSyslog));
  for (let at = 0; at <= stream.length; at += 1) {
    const deframer = new Deframer();
    deframer.feed(stream.subarray(0, at));
    deframer.feed(stream.subarray(at));
    expect(deframer.messages).toEqual(messages.map(String));
    expect(deframer.isWhole).toBe(true);
  }
});
