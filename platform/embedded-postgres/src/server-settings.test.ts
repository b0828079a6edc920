import { expect, test } from 'vitest';

import { serverArguments } from './server-settings.ts';

const usual = {
  dataDir: '/home/data',
  socketDir: '/tmp/s',
  tcpPort: null,
  major: 18,
  fsync: true,
  settings: {},
};

test('listens on nothing but the private socket unless a port is given', () => {
  expect(serverArguments(usual)).toEqual(
    expect.arrayContaining(['listen_addresses=', 'unix_socket_directories=/tmp/s']),
  );
  expect(serverArguments({ ...usual, tcpPort: 6000 })).toEqual(
    expect.arrayContaining(['listen_addresses=127.0.0.1', 'port=6000']),
  );
});

test('no setting of the caller opens another address or socket', () => {
  const settings = { listen_addresses: '*', unix_socket_directories: '/tmp' };
  const made = serverArguments({ ...usual, settings });
  expect(made).toContain('listen_addresses=');
  expect(made).toContain('unix_socket_directories=/tmp/s');
  expect(made.join(' ')).not.toContain('*');
});

test('gives up durability only when it is told to', () => {
  expect(serverArguments(usual).join(' ')).not.toMatch(/fsync|full_page_writes|synchronous_commit/);
  expect(serverArguments({ ...usual, fsync: false })).toContain('fsync=off');
});

test('an older major gets no setting that it does not know', () => {
  expect(serverArguments(usual)).toContain('io_method=sync');
  expect(serverArguments({ ...usual, major: 15 }).join(' ')).not.toContain('io_method');
});
