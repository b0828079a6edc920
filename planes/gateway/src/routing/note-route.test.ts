import { expect, test } from 'vitest';

import type { AdmittedCall } from '../calls/admitted-call.ts';
import { deploymentAt } from '../gateway-fixture.ts';
import { modelProfile } from '../models/model-profile.ts';
import { noteRoute } from './note-route.ts';
import { Trail } from './trail.ts';

const ANSWERED = deploymentAt('http://p.example');

const callWith = (passed: number): AdmittedCall => {
  const trail = new Trail();
  const ids = Array.from({ length: passed }, (_, n) => `deployment-${n}`);
  trail.choose({
    model: 'm',
    strategy: 'simple-shuffle',
    score: 1,
    passed: ids.map((id) => ({ id, because: 'cooling' as const })),
  });
  return { trail, asked: { model: 'm' }, group: { model: 'm' } } as unknown as AdmittedCall;
};

test('a note says who was passed over, and is never longer than the table keeps', () => {
  const few = JSON.parse(noteRoute(callWith(2), ANSWERED, 'all')?.decision ?? '') as object;
  expect(few).toMatchObject({
    profile: modelProfile(ANSWERED),
    candidates_refused: [{ deployment: 'deployment-0' }, { deployment: 'deployment-1' }],
  });
  const many = noteRoute(callWith(2_000), ANSWERED, 'all')?.decision ?? '';
  expect(Buffer.byteLength(many)).toBeLessThan(65_536);
  expect(JSON.parse(many)).toMatchObject({ strategy: 'simple-shuffle', candidates_refused: [] });
});
