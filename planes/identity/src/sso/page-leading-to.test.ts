import { expect, test } from 'vitest';

import { pageLeadingTo } from './page-leading-to.ts';

test('leads to the place, as a refresh and as a link (O7)', () => {
  const page = pageLeadingTo('/runs?a=1&b=2');
  expect(page).toContain('content="0;url=/runs?a=1&amp;b=2"');
  expect(page).toContain('<a href="/runs?a=1&amp;b=2">');
});

test('lets no place out of its attribute (O7)', () => {
  const page = pageLeadingTo(`/"><script>alert('1')</script>`);
  expect(page).not.toContain('<script');
  expect(page).toContain('/&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;');
});
