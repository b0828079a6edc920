import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { toAnswer } from './http-wire.ts';
import { BadMcp, type McpWire, NoMcp, type RpcAnswer } from './mcp-connection.ts';
import { record } from './message.ts';

export interface StdioOptions {
  readonly command: readonly string[];
  /** Whole paths of programs, as the operator has named them. */
  readonly allowed: readonly string[];
  readonly signal: AbortSignal;
  readonly bytesMax: number;
}

/** A program that is started for one call, with nothing of the server's environment, and ended with it. */
export function createStdioWire({ command, allowed, signal, bytesMax }: StdioOptions): McpWire {
  const [program = '', ...args] = command;
  // Asked again at the call: the operator may have taken it back.
  if (!allowed.includes(program))
    throw new NoMcp('the program is not one that TOOL_COMMANDS allows');
  const waiting = new Map<unknown, PromiseWithResolvers<RpcAnswer>>();
  const child: ChildProcess = spawn(program, args, {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'ignore'],
    signal,
    killSignal: 'SIGKILL',
  });
  const end = (error: Error): void => {
    for (const one of waiting.values()) one.reject(error);
    waiting.clear();
  };
  child.on('error', (error) =>
    end(signal.aborted ? (signal.reason as Error) : new NoMcp(error.message)),
  );
  child.on('exit', () => end(new BadMcp('the program has ended')));
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
      const { id } = record(message);
      waiting.get(id)?.resolve(toAnswer(record(message)));
      waiting.delete(id);
    });
  }
  let nextId = 0;
  const write = (message: object): void => void child.stdin?.write(`${JSON.stringify(message)}\n`);
  return {
    request: (method, params) => {
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
