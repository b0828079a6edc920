/** Batches of messages, as Anthropic's clients ask for them. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const batch = Type.Object({ message_batch_id: Type.String({ minLength: 1, maxLength: 100 }) });
const common = { surface: 'anthropic', permission: 'model:call', output: Type.Unknown() } as const;

export const createMessageBatch = endpoint({
  id: 'gateway.createMessageBatch',
  method: 'POST',
  path: '/v1/messages/batches',
  aliases: ['/anthropic/v1/messages/batches'],
  summary: 'Have messages answered within a day',
  audit: 'record',
  body: Type.Object({
    requests: Type.Array(
      Type.Object({
        custom_id: Type.String({ minLength: 1, maxLength: 200 }),
        params: Type.Record(Type.String(), Type.Unknown()),
      }),
      { minItems: 1, maxItems: 100_000 },
    ),
  }),
  ...common,
});

export const listMessageBatches = endpoint({
  id: 'gateway.listMessageBatches',
  method: 'GET',
  path: '/v1/messages/batches',
  aliases: ['/anthropic/v1/messages/batches'],
  summary: 'List batches of messages, newest first',
  audit: 'read',
  query: Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
    after_id: Type.Optional(Type.String({ maxLength: 100 })),
    before_id: Type.Optional(Type.String({ maxLength: 100 })),
  }),
  ...common,
});

export const getMessageBatch = endpoint({
  id: 'gateway.getMessageBatch',
  method: 'GET',
  path: '/v1/messages/batches/{message_batch_id}',
  aliases: ['/anthropic/v1/messages/batches/{message_batch_id}'],
  summary: 'Read how far a batch of messages is',
  audit: 'read',
  params: batch,
  ...common,
});

export const readMessageBatchResults = endpoint({
  id: 'gateway.readMessageBatchResults',
  method: 'GET',
  path: '/v1/messages/batches/{message_batch_id}/results',
  aliases: ['/anthropic/v1/messages/batches/{message_batch_id}/results'],
  summary: 'Read what a batch of messages was answered, a line a request',
  audit: 'read',
  params: batch,
  mediaTypes: ['application/x-jsonl'],
  ...common,
});

export const cancelMessageBatch = endpoint({
  id: 'gateway.cancelMessageBatch',
  method: 'POST',
  path: '/v1/messages/batches/{message_batch_id}/cancel',
  aliases: ['/anthropic/v1/messages/batches/{message_batch_id}/cancel'],
  summary: 'Stop a batch of messages; what was answered is paid',
  audit: 'record',
  params: batch,
  ...common,
});

export const deleteMessageBatch = endpoint({
  id: 'gateway.deleteMessageBatch',
  method: 'DELETE',
  path: '/v1/messages/batches/{message_batch_id}',
  aliases: ['/anthropic/v1/messages/batches/{message_batch_id}'],
  summary: 'Delete a batch of messages that is over, and its results',
  audit: 'record',
  params: batch,
  ...common,
});

export const MESSAGE_BATCH_ENDPOINTS = [
  createMessageBatch,
  listMessageBatches,
  getMessageBatch,
  readMessageBatchResults,
  cancelMessageBatch,
  deleteMessageBatch,
] as const;
