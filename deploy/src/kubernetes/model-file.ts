import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { KubernetesObject } from './kubernetes-object.ts';

const PACKAGES = [
  'kubernetes-models',
  '@kubernetes-models/prometheus-operator',
  '@kubernetes-models/keda',
  '@kubernetes-models/external-secrets',
] as const;

/** The models end with v1beta1, whose fields v1 has kept. */
const SAME_FIELDS: Readonly<Record<string, string>> = {
  'external-secrets.io/v1': 'external-secrets.io/v1beta1',
};

const modules = fileURLToPath(new URL('../../node_modules/', import.meta.url));

/** The API version under which the models know this object. */
export const modelVersion = ({ apiVersion }: KubernetesObject): string =>
  SAME_FIELDS[apiVersion] ?? apiVersion;

/** Without its ending; null: no model knows this kind. */
export function modelFile(object: KubernetesObject): string | null {
  const path = `${modelVersion(object)}/${object.kind}`;
  const found = PACKAGES.map((name) => `${modules}${name}/${path}`);
  return found.find((file) => existsSync(`${file}.d.ts`)) ?? null;
}

/** The file that an import of a model names, without its ending. */
export function importedFile(from: string, specifier: string): string {
  return specifier.startsWith('.')
    ? fileURLToPath(new URL(specifier.replace(/\.js$/, ''), `file://${from}`))
    : `${modules}${specifier}`;
}
