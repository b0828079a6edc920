import { expect, test, vi } from 'vitest';

vi.stubGlobal('document', { baseURI: 'https://ai.example/llm/' });
const { exportRequest } = await import('./download.ts');

test('an export is asked for as the page asks for everything else', () => {
  const { url, headers } = exportRequest('/api/v1/spend/export?format=csv', {
    token: 'sat-1',
    organization: 'acme',
    project: 'p',
  });
  expect(url).toBe('https://ai.example/llm/api/v1/spend/export?format=csv');
  expect(Object.fromEntries(headers)).toEqual({
    authorization: 'Bearer sat-1',
    'x-organization': 'acme',
    'x-project-id': 'p',
  });
});

test('with a login session the cookie speaks, and nothing is chosen that the caller has not chosen', () => {
  const { headers, credentials } = exportRequest('/api/v1/audit/export', {
    token: null,
    organization: null,
    project: null,
  });
  expect(Object.fromEntries(headers)).toEqual({});
  expect(credentials).toBe('same-origin');
});
