import { spawnSync } from 'node:child_process';

import { CHART, headOf, presetFile } from './rendered.ts';

/** What is rendered with: fields that only newer versions have are none of ours. */
const KUBERNETES = '1.34';

/** The manifest of a preset, as it is committed. */
export function render(helm: string, preset: string): string {
  const words = ['template', 'sagewai', CHART, '-n', 'sagewai', '--kube-version', KUBERNETES];
  const { status, stdout, stderr } = spawnSync(helm, [...words, '-f', presetFile(preset)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`helm cannot render ${preset}: ${stderr}`);
  return headOf(preset) + stdout.replaceAll(/^ +$/gm, '');
}

export function lint(helm: string): string | null {
  const { status, stdout, stderr } = spawnSync(helm, ['lint', '--strict', CHART], {
    encoding: 'utf8',
  });
  return status === 0 ? null : `${stdout}${stderr}`;
}
