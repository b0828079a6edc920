export interface Answered {
  readonly status: number;
  /** What answered. */
  readonly model: string | null;
  /** What the server says of the soft budget. */
  readonly budget: string | null;
}

export async function callModel(url: string, key: string, model: string): Promise<Answered> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 50, messages: [{ role: 'user', content: 'Hello' }] }),
  });
  const body = (await response.json()) as { readonly model?: string };
  return {
    status: response.status,
    model: body.model ?? null,
    budget: response.headers.get('x-sagewai-budget'),
  };
}
