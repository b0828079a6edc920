/** How a virtual key is used, for whoever was given it; each is pasted as it is. */
export function keySnippets(
  url: string,
  key: string,
  model: string,
): readonly { readonly name: string; readonly text: string }[] {
  return [
    {
      name: 'curl',
      text: `curl ${url}/v1/chat/completions \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'`,
    },
    {
      name: 'OpenAI SDK',
      text: `import OpenAI from 'openai';

const client = new OpenAI({ baseURL: '${url}/v1', apiKey: '${key}' });
await client.chat.completions.create({
  model: '${model}',
  messages: [{ role: 'user', content: 'Hello' }],
});`,
    },
    {
      name: 'Anthropic SDK',
      text: `import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ baseURL: '${url}', apiKey: '${key}' });
await client.messages.create({
  model: '${model}',
  max_tokens: 256,
  messages: [{ role: 'user', content: 'Hello' }],
});`,
    },
    {
      name: 'Claude Code',
      text: `export ANTHROPIC_BASE_URL=${url}\nexport ANTHROPIC_AUTH_TOKEN=${key}\nexport ANTHROPIC_MODEL=${model}\nclaude`,
    },
    {
      name: 'Cursor',
      text: `OpenAI API Key            ${key}\nOverride OpenAI Base URL  ${url}/v1\nModel                     ${model}`,
    },
  ];
}
