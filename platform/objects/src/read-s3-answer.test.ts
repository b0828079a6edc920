import { expect, test } from 'vitest';

import { readListing, readS3Error } from './read-s3-answer.ts';

const page = (inner: string): string =>
  `<?xml version="1.0"?><ListBucketResult xmlns="x">${inner}</ListBucketResult>`;
const contents = (key: string): string =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-27T18:00:00.000Z</LastModified><Size>3</Size></Contents>`;

test('a page of a listing', () => {
  expect(readListing(page(`${contents('a/b')}${contents('a &amp; &#x62;&#99;')}`))).toEqual({
    objects: [
      { key: 'a/b', modifiedAt: new Date('2026-11-27T18:00:00Z') },
      { key: 'a & bc', modifiedAt: new Date('2026-11-27T18:00:00Z') },
    ],
    next: null,
  });
  const more =
    '<IsTruncated>true</IsTruncated><NextContinuationToken>t&lt;1</NextContinuationToken>';
  expect(readListing(page(more))).toEqual({ objects: [], next: 't<1' });
});

test.each([
  '',
  '<html></html>',
  page(contents('a')).slice(0, -4),
  page('<IsTruncated>true</IsTruncated>'),
  page('<Contents><Key>a</Key></Contents>'),
])('what is no listing, or none that is whole, is none: %s', (xml) => {
  expect(readListing(xml)).toBeNull();
});

test('an error, and what is none', () => {
  const xml = '<Error><Code>PermanentRedirect</Code><Region>eu-west-1</Region></Error>';
  expect(readS3Error(xml)).toEqual({ code: 'PermanentRedirect', region: 'eu-west-1' });
  expect(readS3Error('Bad Gateway')).toEqual({ code: 'unknown', region: null });
});
