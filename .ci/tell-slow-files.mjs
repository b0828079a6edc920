/**
 * Where the time of the tests goes, so that whoever adds a test sees what it costs beside the others.
 * @param {string} reports folder of Vitest's JSON reports
 */
import { readdirSync } from 'node:fs';
import { relative } from 'node:path';

import { readReport } from './read-report.mjs';

const FILES_MAX = 12;
const KINDS = /\.(pg|e2e|console)\.test\.tsx?$/;
const [reports = ''] = process.argv.slice(2);

/** @param {{ startTime: number, endTime: number }} file */
const secondsOf = (file) => Math.max(0, file.endTime - file.startTime) / 1000;

for (const name of readdirSync(reports)) {
  if (!name.endsWith('.json') || name.endsWith('.again.json')) continue;
  const files = readReport(`${reports}/${name}`).testResults;
  /** @type {Map<string, number>} */
  const byKind = new Map();
  for (const file of files) {
    const kind = KINDS.exec(file.name)?.[1] ?? 'unit';
    byKind.set(kind, (byKind.get(kind) ?? 0) + secondsOf(file));
  }
  // Of files that ran at the same time, each counts in full.
  const sums = [...byKind].map(([kind, seconds]) => `${kind} ${seconds.toFixed(0)} s`);
  console.log(`=== time of ${name}: ${sums.join(', ')}`);
  const slowest = files.toSorted((one, other) => secondsOf(other) - secondsOf(one));
  for (const file of slowest.slice(0, FILES_MAX))
    console.log(`${secondsOf(file).toFixed(1).padStart(8)} s  ${relative('.', file.name)}`);
}
