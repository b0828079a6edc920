/**
 * Fails unless each test that docs/security/asvs.yaml names has run and passed: `check-asvs REPORT.json …`.
 * What a later report has of a file stands in place of the earlier: tests that were run again.
 */
import { existsSync, readFileSync } from 'node:fs';

import { readAsvs, testOf } from './read-asvs.ts';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly ancestorTitles: readonly string[];
      readonly status: string;
    }[];
  }[];
}

const resultsOf = (file: string): Report['testResults'] =>
  (JSON.parse(readFileSync(file, 'utf8')) as Report).testResults;
const [first = '', ...again] = process.argv.slice(2);
const results = new Map(
  [...resultsOf(first), ...again.filter((file) => existsSync(file)).flatMap(resultsOf)].map(
    (result) => [result.name, result],
  ),
);
/** A title that is made for each of several values names all of them. */
const asPattern = (name: string): RegExp =>
  new RegExp(
    `^${name.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`).replaceAll('%s', '[^]*')}$`,
  );

const gaps = readAsvs()
  .filter(({ kind }) => kind === 'test')
  .filter((item) => {
    const { file, name } = testOf(item);
    const pattern = asPattern(name);
    const ran = [...results.values()]
      .filter((result) => result.name.endsWith(`/${file}`))
      .flatMap(({ assertionResults }) => assertionResults)
      .filter(({ title, ancestorTitles }) =>
        [title, ...ancestorTitles].some((each) => pattern.test(each)),
      );
    return ran.length === 0 || ran.some(({ status }) => status !== 'passed');
  });
for (const { id, said } of gaps) process.stderr.write(`${id}: did not run, or failed: ${said}\n`);
process.exitCode = gaps.length === 0 ? 0 : 1;
