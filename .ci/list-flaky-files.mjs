/**
 * The files to run again: those of a report with failures, a line each; none when too much failed for an accident.
 * @param {string} report Vitest's JSON report
 */
import { existsSync } from 'node:fs';

import { readReport, failuresOf } from './read-report.mjs';

const ACCIDENTS_MAX = 2;
const path = process.argv[2] ?? '';
const failures = existsSync(path) ? failuresOf(readReport(path)) : [];
if (failures.length <= ACCIDENTS_MAX) {
  for (const file of new Set(failures.map((one) => one.file))) console.log(file);
}
