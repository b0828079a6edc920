import { expect, test } from 'vitest';

import { shell } from '../shell-fixture.ts';

const AT = '2026-01-01T00:00:00Z';
const chat = {
  id: 'trip',
  messages: [
    { role: 'user', content: 'where to?', timestamp: AT, metadata: {} },
    { role: 'assistant', content: 'Oslo', timestamp: AT, metadata: {} },
  ],
  created_at: AT,
  last_active: AT,
  metadata: { title: 'Trip', memory: 'graph' },
};

test('chats: begun, listed, shown, retitled, cleared, deleted and cleaned up', async () => {
  const { run, server } = await shell();
  const listed = { id: 'trip', title: 'Trip', created_at: AT, last_active: AT, message_count: 2 };
  server.on('chats.createChat', () => ({ json: chat }));
  server.on('chats.listChats', () => ({
    json: { sessions: [listed], stats: { total_sessions: 1, total_messages: 2 } },
  }));
  server.on('chats.getChat', () => ({ json: chat }));
  server.on('chats.titleChat', () => ({
    json: { status: 'updated', session_id: 'trip', title: 'Oslo' },
  }));
  server.on('chats.clearChat', () => ({ json: { status: 'cleared', session_id: 'trip' } }));
  server.on('chats.deleteChat', () => ({ json: { status: 'deleted', session_id: 'trip' } }));
  server.on('chats.cleanUpChats', () => ({ json: { status: 'cleaned', removed_sessions: 3 } }));

  expect((await run(['chats', 'create', '--title', 'Trip', '--memory', 'graph'])).out).toBe('trip');
  expect(server.asked('chats.createChat')[0]?.body).toEqual({ title: 'Trip', memory: 'graph' });
  expect((await run('chats list --project web')).out).toMatch(/trip +Trip +2/);
  expect((await run('chats show trip')).out).toBe('user: where to?\nassistant: Oslo');
  expect((await run('chats title trip Oslo')).out).toBe('Oslo');
  expect((await run('chats clear trip')).out).toBe('Cleared.');
  expect((await run('chats delete trip')).out).toBe('Deleted.');
  expect((await run('chats cleanup --idle-minutes 60')).out).toBe('3 deleted');
  expect(server.asked('chats.cleanUpChats')[0]?.query).toMatchObject({ max_age_minutes: '60' });
  expect((await run('chats create --memory faiss')).code).not.toBe(0);
});
