import { validateHeaderValue } from 'node:http';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { headerText } from './header-text.ts';

test('every name can be said in a header, and one that could be before stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      validateHeaderValue('x-name', headerText(name));
    }),
  );
  expect(headerText('\ud800 line\nbreak')).toBe('%EF%BF%BD line%0Abreak');
  expect(headerText('模型/a b')).toBe('%E6%A8%A1%E5%9E%8B/a b');
  expect(headerText('gpt-4o: 100%')).toBe('gpt-4o: 100%');
});
