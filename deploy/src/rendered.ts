import { createHash } from 'node:crypto';
import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The tree `deploy/`. */
export const DEPLOY = fileURLToPath(new URL('../', import.meta.url));
export const CHART = join(DEPLOY, 'helm/sagewai');

export const presetFile = (preset: string): string => join(DEPLOY, `helm/presets/${preset}.yaml`);
export const manifestFile = (preset: string): string => join(DEPLOY, `kubernetes/${preset}.yaml`);

export const presets = (): string[] =>
  globSync('*.yaml', { cwd: join(DEPLOY, 'helm/presets') })
    .map((file) => file.replace('.yaml', ''))
    .toSorted();

/** Of the chart and the preset: what a manifest is rendered from, whether or not Helm is at hand. */
export function sourceDigest(preset: string): string {
  const digest = createHash('sha256');
  const files = globSync('**/*', { cwd: CHART })
    .map((file) => join(CHART, file))
    .filter((file) => statSync(file).isFile());
  for (const file of [...files.toSorted(), presetFile(preset)]) {
    digest.update(`${file.slice(DEPLOY.length)}\0${readFileSync(file, 'utf8')}\0`);
  }
  return digest.digest('hex');
}

/** The first lines of a manifest. */
export const headOf = (preset: string): string =>
  `# Rendered by \`npm run deploy:render\` from deploy/helm, with presets/${preset}.yaml. Change those, not this.\n` +
  `# sha256 of the sources: ${sourceDigest(preset)}\n`;
