import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/**
 * @typedef {{ file: string, title: string, why: string }} Failure
 * @typedef {{ fullName: string, status: string, failureMessages: string[] }} TestResult
 * @typedef {{ name: string, status: string, message: string, startTime: number, endTime: number, assertionResults: TestResult[] }} FileResult
 * @typedef {{ numPassedTests: number, testResults: FileResult[] }} Report
 */

/** @param {string} path @returns {Report} */
export function readReport(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/**
 * Each failed test; a file that did not load is one failure under its own name.
 * @param {Report} report @returns {Failure[]}
 */
export function failuresOf(report) {
  return report.testResults.flatMap((one) => {
    const file = relative('.', one.name);
    const bad = one.assertionResults.filter((test) => test.status === 'failed');
    if (bad.length === 0 && one.status === 'failed')
      return [{ file, title: file, why: one.message }];
    return bad.map((test) => ({
      file,
      title: `${file} > ${test.fullName}`,
      why: test.failureMessages.join('\n'),
    }));
  });
}
