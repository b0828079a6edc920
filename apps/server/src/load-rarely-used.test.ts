import { execFileSync } from 'node:child_process';

import { expect, test } from 'vitest';

const SERVER = new URL('./server.ts', import.meta.url).href;

/** Each is some megabytes of memory, and most servers have no use for it. */
const RARELY_USED = ['nodemailer', 'ioredis', 'openid-client'];

test('a server loads its mail, Redis and sign-in libraries when somebody needs them', () => {
  const loaded = execFileSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { registerHooks } from 'node:module';
       const urls = [];
       registerHooks({ load: (url, context, next) => (urls.push(url), next(url, context)) });
       await import(${JSON.stringify(SERVER)});
       console.log(urls.join('\\n'));`,
    ],
    { encoding: 'utf8', maxBuffer: 1 << 24 },
  );
  expect(loaded).toContain('/node_modules/fastify/');
  for (const name of RARELY_USED) expect(loaded).not.toContain(`/node_modules/${name}/`);
});
