import type { CallOutput } from '@sagewai/sdk';
import { type Command, Option } from 'commander';

import { act, group, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';

type Chat = CallOutput<'chats.getChat'>;
type Listed = CallOutput<'chats.listChats'>['sessions'];

const MEMORIES = ['short_term', 'vdb', 'kv', 'graph'] as const;

interface NewFlags extends ConnectionFlags {
  readonly title?: string;
  readonly memory?: (typeof MEMORIES)[number];
}

interface IdleFlags extends ConnectionFlags {
  readonly idleMinutes: number;
}

export function chatsCommand(around: Surroundings): Command {
  const named = (name: string, description: string): Command =>
    serverCommand(name, description).argument('<chat>', 'its id', id);
  return group('chats', 'Chat sessions: what was said, and what a model is reminded of', {
    commands: [
      act<ConnectionFlags & { limit: number }>(
        serverCommand('list', 'List them, the one that was active last first').option(
          '--limit <n>',
          'how many, up to 500',
          integer,
          100,
        ),
        around,
        async (context, flags) => {
          const query = { ...within(flags), limit: flags.limit };
          const answer = await context.client.call('chats.listChats', { query });
          context.show(answer, tableOf(context, answer.sessions));
        },
      ),
      act<NewFlags>(
        serverCommand('create', 'Begin one')
          .option('--title <title>', 'up to 60 characters')
          .addOption(new Option('--memory <way>', 'how it remembers').choices(MEMORIES)),
        around,
        async (context, flags) => {
          const { title, memory } = flags;
          const body = {
            ...(title === undefined ? {} : { title }),
            ...(memory === undefined ? {} : { memory }),
          };
          const chat = await context.client.call('chats.createChat', {
            query: within(flags),
            body,
          });
          context.show(chat, chat.id);
        },
      ),
      act(named('show', 'Show what was said'), around, async (context, flags, [chat = '']) => {
        const of = { params: { session_id: chat }, query: within(flags) };
        const answer = await context.client.call('chats.getChat', of);
        context.show(answer, messagesOf(answer));
      }),
      act(
        named('title', 'Give it another title').argument('<title>', 'up to 60 characters'),
        around,
        async (context, flags, [chat = '', title = '']) => {
          const of = { params: { session_id: chat }, query: within(flags), body: { title } };
          const answer = await context.client.call('chats.titleChat', of);
          context.show(answer, answer.title);
        },
      ),
      act(
        named('clear', 'Forget what was said; the chat stays'),
        around,
        async (context, flags, [chat = '']) => {
          const of = { params: { session_id: chat }, query: within(flags) };
          context.show(await context.client.call('chats.clearChat', of), 'Cleared.');
        },
      ),
      act(
        named('delete', 'Delete it with all that was said'),
        around,
        async (context, flags, [chat = '']) => {
          const of = { params: { session_id: chat }, query: within(flags) };
          context.show(await context.client.call('chats.deleteChat', of), 'Deleted.');
        },
      ),
      act<IdleFlags>(
        serverCommand('cleanup', 'Delete those in which nothing was said for so long').option(
          '--idle-minutes <n>',
          'for how long',
          integer,
          30,
        ),
        around,
        async (context, flags) => {
          const query = { ...within(flags), max_age_minutes: flags.idleMinutes };
          const answer = await context.client.call('chats.cleanUpChats', { query });
          context.show(answer, `${answer.removed_sessions} deleted`);
        },
      ),
      act(serverCommand('memory', 'Say how chats remember'), around, async (context) => {
        const answer = await context.client.call('chats.readMemoryConfig', {});
        context.show(answer, JSON.stringify(answer, null, 2));
      }),
    ],
    examples: [
      'sagewai chats create --title "Trip to Oslo" --memory graph',
      'sagewai chats list',
      'sagewai chats show ID',
    ],
  });
}

const within = ({ project }: ConnectionFlags): { project?: string } =>
  project === undefined ? {} : { project };

function tableOf(context: Context, chats: Listed): string {
  if (chats.length === 0) return 'there are none: call a model with a session_id';
  const rows = chats.map((chat) => [
    chat.id,
    chat.title,
    chat.message_count,
    showAge(chat.last_active, context.now()),
  ]);
  return printColumns(['id', 'title', 'messages', 'last active'], rows);
}

const messagesOf = ({ messages }: Chat): string =>
  messages.length === 0
    ? 'nothing was said yet'
    : messages.map(({ role, content }) => `${role}: ${content}`).join('\n');
