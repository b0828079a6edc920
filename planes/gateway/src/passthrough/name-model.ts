import { findFields, watch } from '../bytes/find-fields.ts';
import { isAmbiguous } from '../calls/find-allowed.ts';

const WATCHED = watch(['model']);

/** The body with the model that its path names, also where it named another; every other byte stays (M5). */
export function nameModel(body: Buffer, model: string): Buffer {
  const found = findFields(body, 0, WATCHED);
  if (found.kind === 'ambiguous') throw isAmbiguous(found.name);
  const { spans, insertAt, isEmpty } = found;
  const value = JSON.stringify(model);
  const span = spans.get('model');
  const text = span ? value : `"model":${value}${isEmpty ? '' : ','}`;
  const { start, end } = span ?? { start: insertAt, end: insertAt };
  return Buffer.concat([body.subarray(0, start), Buffer.from(text), body.subarray(end)]);
}
