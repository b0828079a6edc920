import { expect, test } from 'vitest';

import { allowsCommand } from './allows-command.ts';

const LINES = ['/usr/bin/node /opt/mcp/server.js', ' /opt/mcp/other  --quiet '];

test.each([
  [['/usr/bin/node', '/opt/mcp/server.js'], true],
  [['/opt/mcp/other', '--quiet'], true],
  [['/usr/bin/node'], false],
  [['/usr/bin/node', '-e', 'process.exit()'], false],
  [['/usr/bin/node', '/opt/mcp/server.js', '--more'], false],
  [['/usr/bin/node /opt/mcp/server.js'], false],
  [[], false],
] as const)('%j: %s', (command, isAllowed) => {
  expect(allowsCommand(LINES, command)).toBe(isAllowed);
});
