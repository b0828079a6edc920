/**
 * An agent that can only be reached by MCP, in whatever language it is written: a tool that takes a task. It is
 * asked in a step, so it is asked once, and the key of the step lets it tell a repetition.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { defineWorkflow, Unrecoverable } from '@sagewai/sdk/workflow';

interface McpInput {
  /** Where it speaks MCP, as Streamable HTTP. */
  readonly url: string;
  readonly tool: string;
  readonly task: string;
}

const text = { type: 'string', minLength: 1 } as const;

export const mcpAgent = defineWorkflow<McpInput, string>(
  'mcp-agent',
  {
    type: 'object',
    properties: { url: text, tool: text, task: text },
    required: ['url', 'tool', 'task'],
  },
  (ctx, given) =>
    ctx.step('ask', ({ idempotencyKey, signal }) => ask(given, { idempotencyKey, signal }), {
      input: given,
      retries: 2,
      timeoutMs: 600_000,
    }),
);

async function ask(
  { url, tool, task }: McpInput,
  { idempotencyKey, signal }: { readonly idempotencyKey: string; readonly signal: AbortSignal },
): Promise<string> {
  const client = new Client({ name: 'sagewai', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  try {
    const answer = await client.callTool(
      { name: tool, arguments: { task }, _meta: { 'sagewai/idempotency-key': idempotencyKey } },
      { signal },
    );
    const said = answer.content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
    if (answer.isError === true) throw new Unrecoverable(said.join('\n'));
    return said.join('\n');
  } finally {
    await client.close();
  }
}
