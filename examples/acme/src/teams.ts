/** The three teams of Acme Corp: what each runs, where, and what it may spend. */
export interface Team {
  readonly name: string;
  readonly project: string;
  readonly pool: string;
  readonly workers: number;
  readonly usdPerDay: string;
  /** As runs ask for it. */
  readonly model: string;
  readonly system: string;
  readonly messages: readonly string[];
}

export const TEAMS: readonly Team[] = [
  {
    name: 'Marketing',
    project: 'mkt',
    pool: 'cpu-fast',
    workers: 2,
    usdPerDay: '30',
    model: 'gpt-4o-mini',
    system: 'You write short product texts.',
    messages: [
      'Three headlines for our new espresso machine.',
      'A subject line for the spring newsletter.',
      'Two sentences about free returns.',
      'A caption for a photo of our factory at night.',
      'A reply to a customer who loves the red one.',
      'Ten words for the top of the pricing page.',
    ],
  },
  {
    name: 'Engineering',
    project: 'eng',
    pool: 'gpu-local',
    workers: 1,
    usdPerDay: '0',
    model: 'ollama/llama3.1:70b',
    system: 'You review code. Name one problem, or say that there is none.',
    messages: [
      'for (let i = 0; i <= items.length; i++) total += items[i].price;',
      'if (user.role = "admin") grant(user);',
      'const cache = {}; export const get = (k) => cache[k] ??= load(k);',
      'await Promise.all(files.map((file) => { upload(file) }));',
    ],
  },
  {
    name: 'Research',
    project: 'research',
    pool: 'cpu-smart',
    workers: 2,
    usdPerDay: '100',
    model: 'claude-sonnet',
    system: 'You weigh arguments and say how sure you are.',
    messages: [
      'Does a four-day week raise output per hour? Sum up both sides.',
      'Which of our three markets should get the second warehouse?',
      'What would falsify our pricing hypothesis?',
      'List the assumptions behind a 4 % churn forecast.',
    ],
  },
];
