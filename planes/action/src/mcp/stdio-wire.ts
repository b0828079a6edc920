import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { allowsCommand } from './allows-command.ts';
import { toAnswer } from './http-wire.ts';
import { BadMcp, CutMcp, type McpWire, NoMcp, type RpcAnswer } from './mcp-connection.ts';
import { record } from './message.ts';

export interface StdioOptions {
  readonly command: readonly string[];
  /** Programs with their arguments, as the operator has named them. */
  readonly allowed: readonly string[];
  readonly signal: AbortSignal;
  readonly bytesMax: number;
}

/** A program that is started for one call, with nothing of the server's environment, and ended with it. */
export function createStdioWire({ command, allowed, signal, bytesMax }: StdioOptions): McpWire {
  // Asked again at the call: the operator may have taken it back.
  if (!allowsCommand(allowed, command))
    throw new NoMcp('the command is not one that TOOL_COMMANDS allows');
  const [program = '', ...args] = command;
  const waiting = new Map<unknown, PromiseWithResolvers<RpcAnswer>>();
  const child: ChildProcess = spawn(program, args, {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'ignore'],
    signal,
    killSignal: 'SIGKILL',
  });
  let over: Error | null = null;
  const end = (error: Error): void => {
    over ??= error;
    for (const one of waiting.values()) one.reject(over);
    waiting.clear();
  };
  child.on('error', (error) =>
    end(signal.aborted ? (signal.reason as Error) : new NoMcp(error.message)),
  );
  // Not at its exit: what it has said before is read first.
  child.on('close', () => end(new CutMcp('the program has ended without an answer')));
  // It may have left others behind that hold its output.
  signal.addEventListener('abort', () => end(signal.reason as Error), { once: true });
  child.stdin?.on('error', () => undefined);
  let bytes = 0;
  child.stdout?.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= bytesMax) return;
    end(new BadMcp('the program says too much'));
    child.kill('SIGKILL');
  });
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        return end(new BadMcp('the program says what is no JSON'));
      }
      const said = record(message);
      // What it asks has ids of its own, which may be the same.
      if ('method' in said) return;
      const { id } = said;
      waiting.get(id)?.resolve(toAnswer(said));
      waiting.delete(id);
    });
  }
  let nextId = 0;
  const write = (message: object): void => void child.stdin?.write(`${JSON.stringify(message)}\n`);
  return {
    request: (method, params) => {
      if (over !== null) return Promise.reject(over);
      nextId += 1;
      const answer = Promise.withResolvers<RpcAnswer>();
      waiting.set(nextId, answer);
      write({ jsonrpc: '2.0', id: nextId, method, params });
      return answer.promise;
    },
    notify: (method) => {
      write({ jsonrpc: '2.0', method });
      return Promise.resolve();
    },
    agree: () => undefined,
    close: () => void child.kill('SIGKILL'),
  };
}
