import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { CHAT } from '../formats/chat.ts';
import { findRequestFields, type RequestChanges, rewriteRequest } from './rewrite-request.ts';

function fieldsOf(body: Buffer) {
  const found = findRequestFields(body, CHAT.names);
  if (found.kind !== 'found') throw new Error(`ambiguous: ${found.name}`);
  return found.fields;
}

function rewrite(text: string | Buffer, changes: Partial<RequestChanges>): Buffer {
  const body = Buffer.from(text);
  const all = { model: 'm', askForUsage: false, cap: undefined, ...changes };
  return rewriteRequest(body, fieldsOf(body), all);
}

describe('rewriteRequest', () => {
  test('changes the model and not a byte beside it (M5)', () => {
    const body =
      '{ "temperature" : 1.0,\n"model":"openai/gpt-4o" ,"x":"\\u00e9é", "big":12345678901234567890 }';
    expect(rewrite(body, { model: 'gpt-4o' }).toString()).toBe(
      body.replace('"openai/gpt-4o"', '"gpt-4o"'),
    );
  });

  test('bytes that are not UTF-8 pass as they are', () => {
    const body = Buffer.concat([
      Buffer.from('{"model":"a","x":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}'),
    ]);
    expect(rewrite(body, { model: 'a' })).toEqual(body);
    expect(rewrite(body, { model: 'b' }).includes(Buffer.from([0xff, 0xfe]))).toBe(true);
  });

  test('a field that is for us alone goes out of any place, and nothing else does', () => {
    const member = fc.constantFrom(
      '"a":1',
      '"b" : "}, {"',
      '"c":[{"timeout":1}]',
      '"d":"\\"timeout\\""',
    );
    const space = fc.constantFrom('', ' ', '\n\t');
    fc.assert(
      fc.property(fc.uniqueArray(member), fc.nat(), space, (members, at, gap) => {
        const all = ['"model":"m"', ...members];
        const whole = (fields: readonly string[]) =>
          `{${gap}${fields.join(`${gap},${gap}`)}${gap}}`;
        const given = all.toSpliced(at % (all.length + 1), 0, `"timeout"${gap}:${gap}30`);
        const changes = { model: 'm', drops: 'timeout', askForUsage: true } as const;
        const { stream_options, ...left } = JSON.parse(rewrite(whole(given), changes).toString());
        expect([stream_options, left]).toEqual([{ include_usage: true }, JSON.parse(whole(all))]);
      }),
    );
  });

  test('a body that needs no change is not copied', () => {
    const body = Buffer.from('{"model":"m"}');
    const changes = { model: 'm', askForUsage: false, cap: undefined };
    expect(rewriteRequest(body, fieldsOf(body), changes)).toBe(body);
  });

  test.each([
    ['{"model":"m"}', '{"stream_options":{"include_usage":true},"model":"m"}'],
    [
      '{"model":"m","stream_options":null}',
      '{"model":"m","stream_options":{"include_usage":true}}',
    ],
    [
      '{"model":"m","stream_options":{ }}',
      '{"model":"m","stream_options":{"include_usage":true }}',
    ],
    [
      '{"model":"m","stream_options":{"include_usage":false,"o":1}}',
      '{"model":"m","stream_options":{"include_usage":true,"o":1}}',
    ],
    [
      '{"model":"m","stream_options":{"o":1}}',
      '{"model":"m","stream_options":{"include_usage":true,"o":1}}',
    ],
  ])('asks for usage: %s', (body, expected) => {
    expect(rewrite(body, { askForUsage: true }).toString()).toBe(expected);
  });

  test('an option that is there twice is refused', () => {
    const body = '{"model":"m","stream_options":{"include_usage":true,"include_usage":false}}';
    expect(() => rewrite(body, { askForUsage: true })).toThrow('ambiguous');
  });

  test('what is parsed afterwards is what was there, and the changes', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue(), { noNullPrototype: true }),
        fc.string({ minLength: 1 }),
        fc.boolean(),
        fc.option(fc.nat(), { nil: undefined }),
        (rest, model, askForUsage, tokens) => {
          const original = { ...rest, model: 'before', max_tokens: null };
          fc.pre(
            findRequestFields(Buffer.from(JSON.stringify(original)), CHAT.names).kind === 'found',
          );
          const cap = tokens === undefined ? undefined : ({ field: 'max_tokens', tokens } as const);
          const after = rewrite(JSON.stringify(original), { model, askForUsage, cap });
          expect(JSON.parse(after.toString())).toEqual({
            ...(JSON.parse(JSON.stringify(original)) as object),
            model,
            ...(cap ? { max_tokens: tokens } : {}),
            ...(askForUsage ? { stream_options: { include_usage: true } } : {}),
          });
        },
      ),
    );
  });
});
