import { pathToFileURL } from 'node:url';

import type { KubernetesObject } from './kubernetes-object.ts';
import { modelFile, modelVersion } from './model-file.ts';

interface Model {
  validate(): void;
}

/** What the typed model says against an object: fields that are missing, and values of another type. */
export async function validateObject(object: KubernetesObject): Promise<string | null> {
  const file = modelFile(object);
  if (file === null) return `there is no model of ${object.apiVersion} ${object.kind}`;
  const models = (await import(pathToFileURL(`${file}.js`).href)) as Record<
    string,
    new (data: object) => Model
  >;
  const Class = models[object.kind];
  if (Class === undefined) return `${file} has no model ${object.kind}`;
  try {
    new Class({ ...object, apiVersion: modelVersion(object) }).validate();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
