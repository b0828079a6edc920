import { EventEmitter } from 'node:events';

import { expect, test } from 'vitest';

import { createFormRoom } from './form-room.ts';

test('forms take no more memory together than is allowed, and give it back', () => {
  const room = createFormRoom({ formBytesMax: 60, formsBytesMax: 100 });
  const enter = (length?: string) => {
    const reply = new EventEmitter() as EventEmitter & { once: EventEmitter['once'] };
    const headers = length === undefined ? {} : { 'content-length': length };
    return { reply, isIn: room.enter({ headers }, reply as never) };
  };
  const first = enter('60');
  expect(first.isIn).toBe(true);
  // One that does not say how long it is may be as long as any.
  expect(enter().isIn).toBe(false);
  expect(enter('40').isIn).toBe(true);
  expect(enter('1').isIn).toBe(false);
  first.reply.emit('close');
  expect(enter('60').isIn).toBe(true);
});
