import { describe, expect, test } from 'vitest';

import { findParts, isForm, readForm } from './read-form.ts';

const TYPE = 'multipart/form-data; boundary=xyz';

function formOf(...parts: readonly string[]): Buffer {
  return Buffer.from(`${parts.map((part) => `--xyz\r\n${part}\r\n`).join('')}--xyz--\r\n`);
}

const field = (name: string, value: string): string =>
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;

describe('a form', () => {
  test('is read: text as text, files as where they stand, several of a name as a list', () => {
    const content = '\r\n--xy not the boundary\0\r\n';
    const body = formOf(
      field('model', 'm-ü'),
      field('include[]', 'a'),
      field('include[]', 'b'),
      field('empty', ''),
      `Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n${content}`,
    );
    const read = readForm(body, TYPE);
    if (read.kind !== 'read') throw new Error(read.because);
    const { file, ...text } = read.fields as {
      readonly file: { readonly start: number; readonly end: number };
    };
    expect(text).toEqual({ model: 'm-ü', 'include[]': ['a', 'b'], empty: '' });
    expect(file).toMatchObject({ filename: 'a.wav', type: 'audio/wav' });
    expect(body.subarray(file.start, file.end).toString()).toBe(content);
  });

  test('is the one that Node itself makes', async () => {
    const form = new FormData();
    form.append('model', 'm');
    form.append('file', new Blob(['abc'], { type: 'audio/mpeg' }), 'ü "x".mp3');
    const made = new Response(form);
    const read = readForm(
      Buffer.from(await made.clone().arrayBuffer()),
      made.headers.get('content-type') ?? '',
    );
    expect(read).toMatchObject({
      kind: 'read',
      fields: { model: 'm', file: { filename: 'ü %22x%22.mp3', type: 'audio/mpeg' } },
    });
  });

  test.each([
    ['a quote in a name', formOf('Content-Disposition: form-data; name="mo\\"del"\r\n\r\nx')],
    ['a name without quotes', formOf('Content-Disposition: form-data; name=model\r\n\r\nx')],
    ['a second name', formOf('Content-Disposition: form-data; name="a"; name="model"\r\n\r\nx')],
    [
      'a second disposition',
      formOf(`Content-Disposition: form-data; name="a"\r\n${field('model', 'x')}`),
    ],
    [
      'a file name that another parser ends later',
      formOf('Content-Disposition: form-data; name="a"; filename="x\\"\r\n\r\nx'),
    ],
    [
      'a file that another parser takes for one, and this one for a field',
      formOf(`Content-Disposition: form-data; name="a"; filename*=UTF-8''x.png\r\n\r\nx`),
    ],
    ['an encoding', formOf(`Content-Transfer-Encoding: base64\r\n${field('model', 'x')}`)],
    ['a part without a name', formOf('Content-Type: text/plain\r\n\r\nx')],
    ['a folded header', formOf(`X: y\r\n z: 1\r\n${field('model', 'x')}`)],
    ['bytes ahead of it', Buffer.concat([Buffer.from('x\r\n'), formOf(field('a', 'b'))])],
    ['bytes after it', Buffer.concat([formOf(field('a', 'b')), Buffer.from('--xyz')])],
    ['no end', formOf(field('a', 'b')).subarray(0, -8)],
    ['bytes that are no text', formOf(field('a', '\u00ff')).fill(0xff, 50, 56)],
  ])('with %s is refused', (_, body) => {
    expect(readForm(body, TYPE).kind).toBe('malformed');
  });

  test('has a boundary, and at most so many parts', () => {
    expect(isForm('multipart/form-data')).toBe(false);
    expect(isForm('multipart/form-data; boundary=x; boundary=y')).toBe(false);
    expect(isForm('multipart/form-data; boundary="a b"')).toBe(true);
    const many = formOf(...Array.from({ length: 257 }, () => field('a', '')));
    expect(findParts(many, TYPE).kind).toBe('malformed');
  });

  test('cut anywhere is refused, and never read as another', () => {
    const body = formOf(field('model', 'm'), field('n', '1'));
    for (let end = 0; end < body.length - 2; end++) {
      expect(findParts(body.subarray(0, end), TYPE).kind).toBe('malformed');
    }
  });
});
