import { found, implementOwn, type Route } from '@sagewai/http';
import {
  getScimConfiguration,
  getScimResourceType,
  getScimSchema,
  listScimResourceTypes,
  listScimSchemas,
} from '@sagewai/wire';

import {
  type Described,
  listOf,
  RESOURCE_TYPES,
  SCHEMAS,
  SERVICE_PROVIDER,
} from './describe-service.ts';
import { sameName } from './schema.ts';

/** What is the same for every organization. */
export function serviceRoutes(): Route[] {
  const all = (list: readonly Described[]) =>
    Promise.resolve(listOf(list, { total: list.length, startIndex: 1 }));
  const one = (list: readonly Described[], id: string): Promise<Described> =>
    Promise.resolve(
      found(
        list.find((each) => sameName(each.id, id)),
        `There is no ${id}.`,
      ),
    );
  return [
    implementOwn(getScimConfiguration, () => Promise.resolve(SERVICE_PROVIDER)),
    implementOwn(listScimSchemas, () => all(SCHEMAS)),
    implementOwn(getScimSchema, ({ params }) => one(SCHEMAS, params.id)),
    implementOwn(listScimResourceTypes, () => all(RESOURCE_TYPES)),
    implementOwn(getScimResourceType, ({ params }) => one(RESOURCE_TYPES, params.id)),
  ];
}
