/**
 * A trainer as `finetune` starts one, small enough for a test: learns which answer goes with which words (a perceptron
 * over the words of each question), tells the loss of each epoch, and leaves a file that `small-model.ts` answers from.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

import { chooseAnswer, type SmallModel, wordsOf } from './small-model-file.ts';

interface Asked {
  readonly base_model: string;
  readonly dataset: string;
  readonly output: string;
  readonly training: { readonly epochs: number; readonly learning_rate: number };
  readonly lora: { readonly rank: number };
}

const asked = (await json(process.stdin)) as Asked;
const records = readFileSync(asked.dataset, 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as { prompt: string; completion: string });

const weights: SmallModel['weights'] = {};
for (const { completion } of records) weights[completion] = {};
const model: SmallModel = { base_model: asked.base_model, weights };
for (let epoch = 1; epoch <= asked.training.epochs; epoch += 1) {
  await pause(Number(process.env['TRAINER_PAUSE_MS'] ?? 0));
  let wrong = 0;
  for (const { prompt, completion } of records) {
    const answered = chooseAnswer(model, prompt);
    if (answered === completion) continue;
    wrong += 1;
    for (const word of wordsOf(prompt)) {
      add(completion, word, 1);
      if (answered !== null) add(answered, word, -1);
    }
  }
  console.log(JSON.stringify({ epoch, loss: wrong / records.length }));
}
writeFileSync(join(asked.output, 'model.json'), JSON.stringify(model));
console.log(JSON.stringify({ metrics: { records: records.length } }));

function add(answer: string, word: string, by: number): void {
  const of = (weights[answer] ??= {});
  of[word] = (of[word] ?? 0) + by;
}
