/**
 * What the runners reported, in words: each failed test with the first lines of why, then one line for all.
 *
 * A test that failed, and passed when its file was run again alone, is told as flaky and counts as passed: one race
 * among thousands of tests does not hold up a change that has nothing to do with it. It is a defect all the same, and
 * more than a few at once are no accident: `.ci/run` runs nothing again then.
 * @param {string} reports folder of Vitest's JSON reports (`NAME.json`, `NAME.again.json`) and of the check's text
 * @param {string} failedSteps how many steps of `.ci/run` ended badly
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { readReport, failuresOf } from './read-report.mjs';

const LINES_OF_A_FAILURE = 20;
const [reports, failedSteps] = process.argv.slice(2);
let passed = 0;
let failed = 0;

/** @param {'FAIL' | 'FLAKY'} verdict @param {{ title: string, why: string }} failure */
function tell(verdict, failure) {
  console.log(`${verdict} ${failure.title}`);
  for (const line of failure.why.split('\n').slice(0, LINES_OF_A_FAILURE))
    console.log(`     ${line}`);
}

/** @param {string} path */
function countRunner(path) {
  const report = readReport(path);
  const again = path.replace(/\.json$/, '.again.json');
  const stillFailing = existsSync(again)
    ? new Set(failuresOf(readReport(again)).map((one) => one.title))
    : null;
  passed += report.numPassedTests;
  for (const failure of failuresOf(report)) {
    const isFlaky = stillFailing !== null && !stillFailing.has(failure.title);
    tell(isFlaky ? 'FLAKY' : 'FAIL', failure);
    if (isFlaky) passed += 1;
    else failed += 1;
  }
}

for (const name of readdirSync(reports)) {
  const path = `${reports}/${name}`;
  if (name.endsWith('.again.json')) continue;
  if (name.endsWith('.json')) {
    countRunner(path);
    continue;
  }
  const found = /^(\d+) passed, (\d+) failed$/m.exec(readFileSync(path, 'utf8'));
  passed += Number(found?.[1] ?? 0);
  failed += Number(found?.[2] ?? 1);
}
// A step may fail without a failed test: a runner that does not start.
if (Number(failedSteps) > 0 && failed === 0) failed = Number(failedSteps);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
