/** Files of batches, and batches, as OpenAI's clients ask for them. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

const file = Type.Object({ file_id: Type.String({ minLength: 1, maxLength: 100 }) });
const batch = Type.Object({ batch_id: Type.String({ minLength: 1, maxLength: 100 }) });
const page = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  after: Type.Optional(Type.String({ maxLength: 100 })),
});
const common = { surface: 'openai', permission: 'model:call', output: Type.Unknown() } as const;

export const createFile = endpoint({
  id: 'gateway.createFile',
  method: 'POST',
  path: '/v1/files',
  aliases: ['/files'],
  summary: 'Give a provider the requests of a batch',
  audit: 'record',
  bodyType: 'form',
  body: Type.Object({
    purpose: Type.String({ maxLength: 40 }),
    file: Type.Object({
      filename: Type.String({ maxLength: 300 }),
      start: Type.Integer(),
      end: Type.Integer(),
    }),
  }),
  ...common,
});

export const listFiles = endpoint({
  id: 'gateway.listFiles',
  method: 'GET',
  path: '/v1/files',
  aliases: ['/files'],
  summary: 'List files, newest first',
  audit: 'read',
  query: page,
  ...common,
});

export const getFile = endpoint({
  id: 'gateway.getFile',
  method: 'GET',
  path: '/v1/files/{file_id}',
  aliases: ['/files/{file_id}'],
  summary: 'Read what is known of a file',
  audit: 'read',
  params: file,
  ...common,
});

export const readFileContent = endpoint({
  id: 'gateway.readFileContent',
  method: 'GET',
  path: '/v1/files/{file_id}/content',
  aliases: ['/files/{file_id}/content'],
  summary: 'Read a file',
  audit: 'read',
  params: file,
  mediaTypes: ['application/octet-stream'],
  ...common,
});

export const deleteFile = endpoint({
  id: 'gateway.deleteFile',
  method: 'DELETE',
  path: '/v1/files/{file_id}',
  aliases: ['/files/{file_id}'],
  summary: 'Delete a file at its provider',
  audit: 'record',
  params: file,
  ...common,
});

export const createBatch = endpoint({
  id: 'gateway.createBatch',
  method: 'POST',
  path: '/v1/batches',
  aliases: ['/batches'],
  summary: 'Have the requests of a file answered within a day',
  audit: 'record',
  body: Type.Object({
    input_file_id: Type.String({ minLength: 1, maxLength: 100 }),
    endpoint: Type.String({ maxLength: 100 }),
    completion_window: Type.Literal('24h'),
    metadata: Type.Optional(Type.Union([Type.Record(Type.String(), Type.String()), Type.Null()])),
  }),
  ...common,
});

export const listBatches = endpoint({
  id: 'gateway.listBatches',
  method: 'GET',
  path: '/v1/batches',
  aliases: ['/batches'],
  summary: 'List batches, newest first',
  audit: 'read',
  query: page,
  ...common,
});

export const getBatch = endpoint({
  id: 'gateway.getBatch',
  method: 'GET',
  path: '/v1/batches/{batch_id}',
  aliases: ['/batches/{batch_id}'],
  summary: 'Read how far a batch is',
  audit: 'read',
  params: batch,
  ...common,
});

export const cancelBatch = endpoint({
  id: 'gateway.cancelBatch',
  method: 'POST',
  path: '/v1/batches/{batch_id}/cancel',
  aliases: ['/batches/{batch_id}/cancel'],
  summary: 'Stop a batch; what was answered is paid',
  audit: 'record',
  params: batch,
  ...common,
});

export const BATCH_ENDPOINTS = [
  createFile,
  listFiles,
  getFile,
  readFileContent,
  deleteFile,
  createBatch,
  listBatches,
  getBatch,
  cancelBatch,
] as const;
