/** Responses that a provider keeps, by the ids that `/v1/responses` answered with. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const params = Type.Object({ response_id: Type.String({ minLength: 1, maxLength: 1_000 }) });

export const getResponse = endpoint({
  id: 'gateway.getResponse',
  method: 'GET',
  path: '/v1/responses/{response_id}',
  aliases: ['/responses/{response_id}'],
  surface: 'openai',
  summary: 'Read a response that is kept',
  permission: 'model:call',
  audit: 'read',
  params,
  output: Type.Unknown(),
  mediaTypes: ['application/json', 'text/event-stream'],
});

export const cancelResponse = endpoint({
  id: 'gateway.cancelResponse',
  method: 'POST',
  path: '/v1/responses/{response_id}/cancel',
  aliases: ['/responses/{response_id}/cancel'],
  surface: 'openai',
  summary: 'Cancel a response that is made in the background',
  permission: 'model:call',
  audit: 'record',
  params,
  output: Type.Unknown(),
});

export const deleteResponse = endpoint({
  id: 'gateway.deleteResponse',
  method: 'DELETE',
  path: '/v1/responses/{response_id}',
  aliases: ['/responses/{response_id}'],
  surface: 'openai',
  summary: 'Delete a response that is kept',
  permission: 'model:call',
  audit: 'record',
  params,
  output: Type.Unknown(),
});

export const listResponseItems = endpoint({
  id: 'gateway.listResponseItems',
  method: 'GET',
  path: '/v1/responses/{response_id}/input_items',
  aliases: ['/responses/{response_id}/input_items'],
  surface: 'openai',
  summary: 'List what a kept response was asked',
  permission: 'model:call',
  audit: 'read',
  params,
  output: Type.Unknown(),
});

export const KEPT_RESPONSE_ENDPOINTS = [
  getResponse,
  cancelResponse,
  deleteResponse,
  listResponseItems,
] as const;
