import { type Endpoint, PERMISSIONS } from '@sagewai/wire';
import type { TSchema } from 'typebox';

import type { Route } from './route.ts';

/** What keeps these routes from being served; empty when nothing does. */
export function findRouteMistakes(routes: readonly Route[]): string[] {
  const endpoints = routes.map(({ endpoint }) => endpoint);
  const permissions = new Set<string>(['public', ...Object.keys(PERMISSIONS)]);
  return [
    ...repeated(endpoints.map(({ id }) => id)).map((id) => `the id ${id} is used twice`),
    ...repeated(endpoints.flatMap(targetsOf)).map((target) => `${target} is bound twice`),
    ...endpoints
      .filter(({ permission }) => !permissions.has(permission))
      .map(({ id, permission }) => `${id} needs ${permission}, which no caller can hold`),
    ...endpoints
      .filter(({ path, aliases = [], params }) =>
        [path, ...aliases].some((each) => namesIn(each).join() !== fieldsOf(params).join()),
      )
      .map(({ id }) => `the path and the params of ${id} do not name the same`),
    ...endpoints
      .filter(({ audit, permission }) => audit === 'skip' && permission !== 'public')
      .map(({ id }) => `${id} is not public, so its refusals must be recorded`),
    ...routes
      .filter(
        ({ endpoint: { bodyType = 'json' }, binding }) =>
          bodyType !== 'json' && binding.kind !== 'stream',
      )
      .map(
        ({ endpoint: { id, bodyType } }) =>
          `${id} takes a ${bodyType} body, which only a stream's handler is given`,
      ),
  ];
}

function targetsOf({ method, path, aliases = [] }: Endpoint): string[] {
  return [path, ...aliases].map((each) => `${method} ${anonymise(each)}`);
}

function namesIn(path: string): string[] {
  return [...path.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name).toSorted();
}

function fieldsOf(schema: TSchema | undefined): string[] {
  const { properties = {} } = (schema ?? {}) as { properties?: Readonly<Record<string, unknown>> };
  return Object.keys(properties).toSorted();
}

/** Two paths that differ only in the names of their parameters are the same path. */
function anonymise(path: string): string {
  return path.replaceAll(/\{[^}]*\}/g, '{}');
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) !== at))];
}
