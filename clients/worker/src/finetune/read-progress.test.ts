import { expect, test } from 'vitest';

import { metricsIn, type Progress, progressReader } from './read-progress.ts';

function told(...pieces: readonly (string | Uint8Array)[]): Progress[] {
  const heard: Progress[] = [];
  const reader = progressReader((progress) => void heard.push(progress));
  for (const piece of pieces) reader.take(Buffer.from(piece));
  return heard;
}

test('epochs are heard whatever else is said, and in whatever pieces', () => {
  const line = Buffer.from('{"epoch": 2, "note": "größer"}\n');
  const at = line.indexOf(0xc3) + 1;
  expect(
    told('loading …\n{"epoch": 1, "lo', 'ss": 0.5}\n', line.subarray(0, at), line.subarray(at)),
  ).toEqual([
    { epoch: 1, loss: 0.5 },
    { epoch: 2, loss: null },
  ]);
  expect(told('{"epoch": "1"}\n{"epoch": 1.5}\nnull\n[1]\n{"epoch": 3}')).toEqual([]);
});

test('of metrics the last counts, and of it the numbers', () => {
  expect(metricsIn('{"metrics": {"a": 1}}\n{"metrics": {"a": 2, "b": "x"}}\ndone\n')).toEqual({
    a: 2,
  });
  expect(metricsIn('nothing')).toEqual({});
});
