/** An MCP server that tools of ours are at: what it answers is handed on as it is. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text as textOf } from 'node:stream/consumers';

const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const image = { type: 'image', data: PIXEL, mimeType: 'image/png' };
const text = { type: 'text', text: 'Multiple content types test:' };
const resource = (uri: string) => ({
  type: 'resource',
  resource: { uri, mimeType: 'text/plain', text: 'This is an embedded resource content.' },
});

export const CONTENTS: Readonly<Record<string, readonly object[]>> = {
  test_image_content: [image],
  test_audio_content: [{ type: 'audio', data: 'UklGRiQAAABXQVZFZm10IA==', mimeType: 'audio/wav' }],
  test_embedded_resource: [resource('test://embedded-resource')],
  test_multiple_content_types: [text, image, resource('test://mixed-content-resource')],
};

interface Message {
  readonly id?: number;
  readonly method: string;
  readonly params: { readonly name?: string };
}

export async function answerMcp(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { id, method, params } = JSON.parse(await textOf(incoming)) as Message;
  const results: Readonly<Record<string, object>> = {
    'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } },
    'tools/call': { content: CONTENTS[params.name ?? ''] ?? [] },
  };
  const result = { resultType: 'complete', ...results[method] };
  answer.setHeader('content-type', 'application/json');
  answer.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
}
