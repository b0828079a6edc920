/**
 * What is generated below `deploy/`, and its comparison with what is committed.
 *
 *   node deploy/src/main.ts generate    writes rules and dashboards
 *   node deploy/src/main.ts render      writes the manifests; needs Helm, or Go to build it
 *   node deploy/src/main.ts check       renders, compares, and looks at every object
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findHelm } from './find-helm.ts';
import { findFaults } from './kubernetes/find-faults.ts';
import { readObjects } from './kubernetes/kubernetes-object.ts';
import { generatedFiles } from './monitoring/generated-files.ts';
import { lint, render } from './render.ts';
import { DEPLOY, manifestFile, presets } from './rendered.ts';

async function main(word: string): Promise<number> {
  if (word === 'generate') {
    for (const [file, text] of generatedFiles()) writeFileSync(join(DEPLOY, file), text);
    return 0;
  }
  const helm = findHelm(process.env);
  if (helm === null) {
    console.log('left out: the chart is not rendered, for there is neither helm nor go');
    return process.env['REQUIRE_ALL'] === '1' ? 1 : 0;
  }
  const objection = lint(helm);
  if (objection !== null) console.log(objection);
  const wrong = presets().filter((preset) => {
    const text = render(helm, preset);
    if (word === 'render') writeFileSync(manifestFile(preset), text);
    return readFileSync(manifestFile(preset), 'utf8') !== text;
  });
  for (const preset of wrong)
    console.log(`deploy/kubernetes/${preset}.yaml is not what the chart renders`);
  const objects = presets().flatMap((preset) =>
    readObjects(readFileSync(manifestFile(preset), 'utf8')),
  );
  const faults = (await Promise.all(objects.map(findFaults))).flat();
  for (const fault of faults) console.log(fault);
  return wrong.length + faults.length > 0 || objection !== null ? 1 : 0;
}

process.exitCode = await main(process.argv[2] ?? 'check');
