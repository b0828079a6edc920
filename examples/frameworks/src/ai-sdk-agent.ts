/** An agent of the Vercel AI SDK: each call of its model, and each of its tools, is a step of the run. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { durableModel, durableTool, gatewayAddress } from '@sagewai/sdk/adapters';
import { defineWorkflow } from '@sagewai/sdk/workflow';
import { isStepCount, tool, ToolLoopAgent, wrapLanguageModel } from 'ai';
import { z } from 'zod';

const input = z.object({ question: z.string(), model: z.string() });
const stock: Readonly<Record<string, number>> = { tea: 3, coffee: 0 };

export const aiSdkAgent = defineWorkflow<z.infer<typeof input>, string>(
  'ai-sdk-agent',
  input,
  async (ctx, { question, model }) => {
    const gateway = createOpenAICompatible({ name: 'sagewai', ...gatewayAddress() });
    const agent = new ToolLoopAgent({
      model: wrapLanguageModel({ model: gateway(model), middleware: durableModel(ctx) }),
      instructions: 'You answer questions about what is in stock.',
      stopWhen: isStepCount(5),
      tools: {
        count_stock: tool({
          description: 'How much of a thing there is.',
          inputSchema: z.object({ item: z.string() }),
          execute: durableTool(ctx, 'count_stock', ({ item }: { readonly item: string }) => ({
            item,
            count: stock[item] ?? 0,
          })),
        }),
      },
    });
    const { text } = await agent.generate({ prompt: question, abortSignal: ctx.signal });
    return text;
  },
);
