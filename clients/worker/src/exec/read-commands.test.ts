import { describe, expect, test } from 'vitest';

import { readCommands } from './read-commands.ts';

describe('commands of a file', () => {
  test('have what is said, and defaults', () => {
    const { commands: table, trainers } = readCommands(`
commands:
  classify:
    command: [python3, classify.py, --fast]
    env: [HF_HOME]
    cwd: /opt/classify
    timeout_seconds: 90
    output_bytes_max: 2000
    container: { image: python:3.13-slim, memory: 2g, cpus: 1.5 }
  plain:
    command: [/bin/true]
trainers:
  lora:
    command: [python3, train.py]
    base_models: [qwen2.5-7b]
`);
    expect(trainers.get('lora')).toMatchObject({
      command: ['python3', 'train.py'],
      baseModels: ['qwen2.5-7b'],
    });
    expect(table.get('classify')).toEqual({
      command: ['python3', 'classify.py', '--fast'],
      env: ['HF_HOME'],
      cwd: '/opt/classify',
      timeoutMs: 90_000,
      outputBytesMax: 2_000,
      container: {
        image: 'python:3.13-slim',
        runtime: 'docker',
        network: 'none',
        memory: '2g',
        cpus: '1.5',
      },
    });
    expect(table.get('plain')).toMatchObject({
      timeoutMs: 600_000,
      outputBytesMax: 1_048_576,
      env: [],
    });
  });

  test.each([
    ['commands: [', 'it is neither YAML nor JSON'],
    ['comands: {}', 'the file: comands is not known'],
    ['commands: {}', 'commands: there are none'],
    ['trainers: {a: {command: [x]}}', 'trainers.a.base_models: expected a list of texts'],
    ['trainers: {a: {command: [x], base_models: []}}', 'expected a model'],
    ['commands: {"a b": {command: [x]}}', 'commands.a b: is no name'],
    ['commands: {a: {command: "rm -rf /"}}', 'commands.a.command: expected a list of texts'],
    ['commands: {a: {command: []}}', 'commands.a.command: expected a program'],
    ['commands: {a: {command: [x], timeout: 3}}', 'commands.a: timeout is not known'],
    ['commands: {a: {command: [x], env: ["A=B"]}}', 'commands.a.env: A=B is no variable'],
    ['commands: {a: {command: [x], timeout_seconds: 0}}', 'expected a number above 0'],
    ['commands: {a: {command: [x], timeout_seconds: 2592000}}', 'and up to 2147483'],
    ['commands: {a: {command: [x], output_bytes_max: .inf}}', 'and up to 67108864'],
    [
      'commands: {a: {command: [x], container: {image: "--privileged"}}}',
      'commands.a.container.image: expected text',
    ],
  ])('%s is refused', (text, why) => {
    expect(() => readCommands(text)).toThrow(why);
  });
});
