import { expect, test } from 'vitest';

import { SagewaiError } from '../error.ts';
import { newDeclaredId } from './declared-id.ts';
import {
  ProjectQuotaExceededError,
  ProjectRateLimitError,
  ProjectRequiredError,
} from './errors.ts';
import { ProjectContext, scopedCollection, scopedKey } from './project-context.ts';
import { toProjectError } from './to-project-error.ts';

test('a context has defaults, and is there through every wait and nowhere else', async () => {
  const seen = await ProjectContext.run({ projectId: 'acme' }, async () => {
    await Promise.resolve();
    return ProjectContext.current();
  });
  expect(seen.limits).toEqual({
    maxTokensPerMinute: 100_000,
    maxRequestsPerMinute: 60,
    maxCostPerDayUsd: 100,
  });
  expect(seen.header).toBe('tokens=100000,requests=60,usd=100');
  expect(ProjectContext.find()).toBeUndefined();
  expect(() => ProjectContext.current()).toThrow(ProjectRequiredError);
  expect(() => ProjectContext.run({}, () => 0)).toThrow(ProjectRequiredError);
});

test('two at the same time do not see each other', async () => {
  const open = Promise.withResolvers<void>();
  const ids = ['a', 'b'].map((projectId) =>
    ProjectContext.run({ projectId }, async () => {
      await open.promise;
      return ProjectContext.current().projectId;
    }),
  );
  open.resolve();
  expect(await Promise.all(ids)).toEqual(['a', 'b']);
});

test('one in another only narrows, and its calls bring both along', () => {
  const outer = { projectId: 'acme', maxRequestsPerMinute: 10, maxCostPerDayUsd: 0.5 };
  ProjectContext.run(outer, () => {
    ProjectContext.run({ maxRequestsPerMinute: 99, maxCostPerDayUsd: 1e-7 }, () => {
      const { limits, header, projectId } = ProjectContext.current();
      expect([projectId, limits.maxRequestsPerMinute, limits.maxCostPerDayUsd]).toEqual([
        'acme',
        10,
        1e-7,
      ]);
      expect(header).toBe(
        'tokens=100000,requests=10,usd=0.5; tokens=100000,requests=10,usd=0.0000001',
      );
    });
    // One that narrows nothing is no other window.
    ProjectContext.run({ maxRequestsPerMinute: 99 }, () =>
      expect(ProjectContext.current().header).toBe('tokens=100000,requests=10,usd=0.5'),
    );
    expect(() => ProjectContext.run({ projectId: 'other' }, () => 0)).toThrow(
      'Project acme is active',
    );
  });
});

test.each([
  { maxRequestsPerMinute: -1 },
  { maxTokensPerMinute: 1.5 },
  { maxCostPerDayUsd: Number.NaN },
])('%j is no limit', (limits) => {
  expect(() => ProjectContext.run({ projectId: 'a', ...limits }, () => 0)).toThrow(RangeError);
});

test('names of a project are its own', () => {
  ProjectContext.run({ projectId: 'acme' }, () => {
    expect(scopedCollection('notes')).toBe('acme__notes');
    expect(scopedKey('last')).toBe('acme:last');
  });
  expect(() => scopedKey('last')).toThrow(ProjectRequiredError);
});

test('names of declared spend begin with the time, and are none of a call', () => {
  const id = newDeclaredId(0x0198_1234_5678);
  expect(id).toMatch(/^01981234-5678-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

const refusal = (detail: string, status = 429): SagewaiError =>
  new SagewaiError({
    status,
    code: 'rate.exceeded',
    detail,
    requestId: null,
    retryable: true,
    mistakes: [],
    retryAfterMs: 2_000,
  });

test('a refusal of the context is told in its words, and others as they are', () => {
  const told = (detail: string) => toProjectError(refusal(detail), 'acme');
  const requests = told(
    'Rate limit reached: 60 of 60 requests per minute of this context are in use.',
  );
  expect(requests).toBeInstanceOf(ProjectRateLimitError);
  expect(requests).toMatchObject({
    message: 'Project acme exceeded 60 requests/min',
    retryAfterMs: 2_000,
  });
  expect(
    told('Rate limit reached: 9 of 10 tokens per minute of this context are in use.'),
  ).toMatchObject({ message: 'Project acme would exceed 10 tokens/min' });
  const money = told(
    'Budget has been exceeded! Current cost: 9, Max budget: 10.5 (of this context)',
  );
  expect(money).toBeInstanceOf(ProjectQuotaExceededError);
  expect(money).toMatchObject({ message: 'Project acme would exceed $10.5/day' });
  const other = refusal('Budget has been exceeded! Current cost: 9, Max budget: 10 (of this key)');
  expect(toProjectError(other, 'acme')).toBe(other);
  const bug = new Error('no');
  expect(toProjectError(bug, 'acme')).toBe(bug);
});
