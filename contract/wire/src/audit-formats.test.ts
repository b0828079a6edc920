import { expect, test } from 'vitest';

import { formatEntry } from './audit-formats.ts';
import { type ChainEntry, GENESIS_HASH } from './evidence.ts';

const ENTRY: ChainEntry = {
  version: 1,
  organization_id: 'o',
  seq: 7,
  at: '2026-11-27T12:00:00.000001Z',
  actor: 'token:a|b',
  action: 'worker|anomaly',
  subject: 'worker:1=2\n3',
  outcome: 'ok',
  request_id: '',
  details: '{"kind":"x","path":"a\\\\b"}',
  previous_hash: GENESIS_HASH,
  hash: 'ff',
};

test('a line of JSON is the entry, and verifies as it stands', () => {
  expect(JSON.parse(formatEntry(ENTRY, 'jsonl'))).toEqual(ENTRY);
});

test('CEF keeps its separators, and stays one line whatever is said', () => {
  expect(formatEntry(ENTRY, 'cef')).toBe(
    'CEF:0|Sagewai|Sagewai|1|worker\\|anomaly|worker\\|anomaly|3|rt=1795780800000 externalId=7 ' +
      'suser=token:a|b act=worker|anomaly outcome=ok cs1Label=subject cs1=worker:1\\=2\\n3 ' +
      'cs2Label=organization cs2=o cs3Label=request cs4Label=hash cs4=ff ' +
      'msg={"kind":"x","path":"a\\\\\\\\b"}',
  );
});
