import { endpoint } from '@sagewai/wire';
import { Type } from 'typebox';

import { describeApi } from './openapi.ts';
import { implementStream, type Route } from './route.ts';
import { SAFETY_HEADERS } from './send.ts';

const openApi = endpoint({
  id: 'http.describeApi',
  method: 'GET',
  path: '/openapi.json',
  surface: 'own',
  summary: 'This interface as an OpenAPI 3.1 document',
  permission: 'public',
  audit: 'skip',
  output: Type.Object({ openapi: Type.String() }),
});

/** Serves the description of `routes` and of itself, written once. */
export function openApiRoute(
  routes: readonly Route[],
  about: { readonly title: string; readonly version: string },
): Route {
  const endpoints = [...routes.map((route) => route.endpoint), openApi];
  const text = Buffer.from(JSON.stringify(describeApi(endpoints, about)));
  return implementStream(openApi, async ({ reply }) => {
    reply.writeHead(200, {
      ...SAFETY_HEADERS,
      'content-type': 'application/json; charset=utf-8',
      'content-length': text.length,
    });
    reply.end(text);
  });
}
