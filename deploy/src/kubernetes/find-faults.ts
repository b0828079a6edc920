import { findBreaches } from './find-breaches.ts';
import { findUnknownFields } from './find-unknown-fields.ts';
import { type KubernetesObject, nameOf } from './kubernetes-object.ts';
import { validateObject } from './validate-object.ts';

/** Everything that is known to be wrong with an object. */
export async function findFaults(object: KubernetesObject): Promise<string[]> {
  const said = await validateObject(object);
  return [
    ...findUnknownFields(object).map((field) => `nothing is called ${field}`),
    ...(said === null ? [] : [`${nameOf(object)}: ${said}`]),
    ...findBreaches(object),
  ];
}
