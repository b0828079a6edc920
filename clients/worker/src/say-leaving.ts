import type { WorkerLog } from './log.ts';
import type { Session } from './session.ts';

/** Tells the server to count on it no more. A server that cannot be told takes its runs back as it would anyway. */
export async function sayLeaving(
  { client, workerId }: Pick<Session, 'client' | 'workerId'>,
  log: WorkerLog,
): Promise<void> {
  try {
    const answer = await client.call('fleet.askWhetherSafe', {
      params: { worker_id: workerId },
      query: { drain: 'true' },
    });
    log.note(
      `leaves for good: the server gives it nothing more, and it holds ${answer.active_runs} runs`,
    );
  } catch (error) {
    log.warn(`leaves for good, and could not tell the server: ${(error as Error).message}`);
  }
}
