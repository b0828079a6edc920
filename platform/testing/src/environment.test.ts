import { expect, test } from 'vitest';

test("sees none of the user's providers, servers and databases", () => {
  const names = Object.keys(process.env);
  const forbidden =
    /^(?:SAGEWAI_|OPENAI_|ANTHROPIC_|OLLAMA_|LITELLM_|WORKER_)|_API_KEY$|DATABASE_URL$|^PG(?:HOST|USER|PASSWORD|DATABASE)$/;
  expect(names.filter((name) => forbidden.test(name))).toEqual([]);
});
