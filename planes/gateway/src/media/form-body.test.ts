import { expect, test } from 'vitest';

import { formBody } from './form-body.ts';

const HEADERS = { 'content-type': 'multipart/form-data; boundary=x' };
const FORM = formBody(['model', 'n']);

function formOf(...fields: readonly (readonly [string, string])[]): Buffer {
  const parts = fields.map(
    ([name, value]) =>
      `--x\r\nContent-Disposition: form-data; name="${name.includes('"') ? name : `${name}"`}\r\n\r\n${value}\r\n`,
  );
  return Buffer.from(`${parts.join('')}--x--\r\n`);
}

const CHANGES = { model: 'the-other', askForUsage: false, cap: undefined };

test('the model of a form is replaced, and every other byte stays (M5)', () => {
  const raw = formOf(['file"; filename="a"', '\0binary model\0'], ['model', 'm'], ['n', '2']);
  const found = FORM.find(raw, HEADERS);
  if (found.kind !== 'found') throw new Error(found.name);
  const sent = FORM.rewrite(raw, found.fields, CHANGES);
  expect(sent.toString()).toBe(raw.toString().replace('\r\nm\r\n', '\r\nthe-other\r\n'));
  expect(FORM.rewrite(raw, found.fields, { ...CHANGES, model: 'm' })).toBe(raw);
});

test.each([
  ['twice', [['model', 'a'] as const, ['model', 'b'] as const]],
  ['in another spelling', [['Model', 'a'] as const]],
  ['as a list', [['model[]', 'a'] as const]],
  ['as an entry of a list', [['n[0]', '1'] as const]],
  ['as a file', [['n"; filename="a"', '1'] as const]],
])('a metered name that is there %s is ambiguous (M5)', (_, fields) => {
  expect(FORM.find(formOf(...fields), HEADERS).kind).toBe('ambiguous');
});
