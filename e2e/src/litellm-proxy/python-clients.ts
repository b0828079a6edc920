import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What agents in Python do: LiteLLM's own library with `api_base`, and the libraries of OpenAI and Anthropic. */
export const PYTHON_CLIENTS: Readonly<Record<string, string>> = {
  'litellm.acompletion with api_base, whole and streamed': `
import asyncio, litellm
async def main():
    of = dict(model="openai/" + model, api_base=url, api_key=key, messages=messages)
    whole = await litellm.acompletion(**of)
    assert whole.choices[0].message.content == said, whole
    text = ""
    async for chunk in await litellm.acompletion(stream=True, **of):
        text += chunk.choices[0].delta.content or ""
    assert text == said, text
    try:
        await litellm.acompletion(**{**of, "api_key": "sk-wrong"})
        raise SystemExit("a wrong key was let in")
    except litellm.AuthenticationError:
        pass
asyncio.run(main())`,
  'openai: chat, stream, responses, models': `
import openai
client = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0)
assert client.chat.completions.create(model=model, messages=messages).choices[0].message.content == said
text = "".join(c.choices[0].delta.content or "" for c in client.chat.completions.create(model=model, messages=messages, stream=True) if c.choices)
assert text == said, text
assert client.responses.create(model=model, input="hi").output_text == said
assert model in [m.id for m in client.models.list()]
try:
    openai.OpenAI(base_url=url + "/v1", api_key=poor, max_retries=0).chat.completions.create(model=model, messages=messages)
    raise SystemExit("a spent key was let in")
except openai.RateLimitError:
    pass`,
  'anthropic: messages, stream, count_tokens': `
import anthropic
client = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
assert client.messages.create(model=model, max_tokens=50, messages=messages).content[0].text == said
# A scripted model of LiteLLM streams no messages, and asks OpenAI for counts: this one is ours.
with client.messages.stream(model="simulated", max_tokens=50, messages=messages) as stream:
    assert stream.get_final_text().startswith("[simulated]")
assert client.messages.count_tokens(model="simulated", messages=messages).input_tokens > 0
try:
    anthropic.Anthropic(base_url=url, api_key="sk-wrong", max_retries=0).messages.create(model=model, max_tokens=5, messages=messages)
    raise SystemExit("a wrong key was let in")
except anthropic.AuthenticationError:
    pass`,
};

export interface PythonValues {
  readonly url: string;
  readonly key: string;
  /** Of a key that may spend nothing. */
  readonly poor: string;
  readonly model: string;
  readonly said: string;
}

/** Throws with what Python says. */
export async function runPython(python: string, text: string, of: PythonValues): Promise<void> {
  const values = Object.entries(of).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const messages = 'messages = [{"role": "user", "content": "hi"}]';
  const program = [...values, messages, text].join('\n');
  const env = { PATH: process.env['PATH'], HOME: '/', LITELLM_LOCAL_MODEL_COST_MAP: 'True' };
  await run(python, ['-c', program], { env, timeout: 120_000 });
}
