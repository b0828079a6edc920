/**
 * What the suite starts as the client under test: it has a server of ours discover the tools of the suite's server,
 * register and call each of them. The suite's address is the last argument.
 */
import { randomUUID } from 'node:crypto';

import { ask, bearer } from '../harness/api.ts';

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

// oxlint-disable-next-line no-restricted-properties -- A process of its own, that the suite starts.
const { CONFORMANCE_SERVER = '', CONFORMANCE_TOKEN = '' } = process.env;
const url = (process.argv.at(-1) ?? '').replace('127.0.0.1', 'localhost');
const headers = bearer(CONFORMANCE_TOKEN);

function sample({ type, properties = {} }: Schema): unknown {
  if (type === 'object' || type === undefined) {
    return Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, sample(one)]));
  }
  const samples: Readonly<Record<string, unknown>> = {
    number: 2,
    integer: 3,
    boolean: true,
    array: [],
    null: null,
  };
  return samples[type] ?? 'text';
}

const discovered = await ask(`${CONFORMANCE_SERVER}/api/v1/tools/discover`, {
  headers,
  body: { mcp: { url } },
});
if (discovered.status !== 200) throw new Error(discovered.text);
for (const { name, input_schema: schema, pin } of discovered.json.tools as {
  name: string;
  input_schema: Schema;
  pin: string;
}[]) {
  const own = `t-${randomUUID()}`;
  const body = {
    name: own,
    kind: 'mcp',
    mode: 'network',
    input_schema: schema,
    mcp: { url, tool: name, pin },
  };
  const made = await ask(`${CONFORMANCE_SERVER}/api/v1/tools`, { headers, body });
  if (made.status !== 201) {
    console.log(`${name} is not registered: ${made.text}`);
    continue;
  }
  const called = await ask(`${CONFORMANCE_SERVER}/api/v1/tools/${own}/calls`, {
    headers,
    body: { arguments: sample(schema) },
  });
  console.log(name, called.text.slice(0, 500));
}
