/** Crash and resume: orders are booked one by one, each once, whoever dies in between. */
import { defineWorkflow } from '@sagewai/sdk/workflow';

interface ImportInput {
  readonly orders: readonly string[];
  /** Of the shop: takes `POST {order}` with an `idempotency-key`. */
  readonly url: string;
}

export const importOrders = defineWorkflow<ImportInput, { readonly booked: readonly number[] }>(
  'import-orders',
  {
    type: 'object',
    properties: { orders: { type: 'array', items: { type: 'string' } }, url: { type: 'string' } },
    required: ['orders', 'url'],
  },
  async (ctx, { orders, url }) => {
    const booked: number[] = [];
    for (const order of orders) {
      const book = async (key: string): Promise<number> => {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify({ order }),
          signal: ctx.signal,
        });
        if (!answer.ok) throw new Error(`the shop answered ${answer.status}`);
        return ((await answer.json()) as { number: number }).number;
      };
      booked.push(
        await ctx.step(`book ${order}`, ({ idempotencyKey }) => book(idempotencyKey), {
          retries: 3,
        }),
      );
    }
    return { booked };
  },
);
