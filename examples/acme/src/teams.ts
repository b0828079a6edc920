export interface Person {
  readonly email: string;
  readonly name: string;
}

export interface SoftBudget {
  readonly usdPerDay: string;
  readonly action: 'warn' | 'throttle';
  /** Where a throttled call goes. */
  readonly fallback?: string;
}

/** Reads everything of Acme, and changes nothing. */
export const AUDITOR: Person = { email: 'audrey@acme.example', name: 'Audrey Moss' };

/** The three teams of Acme Corp: what each runs, where, and what it may spend. */
export interface Team {
  readonly name: string;
  readonly project: string;
  readonly pool: string;
  readonly workers: number;
  /** Hard: beyond it a call is refused. */
  readonly usdPerDay: string;
  /** What it should spend, and what happens beyond. Null: the hard limit says all. */
  readonly soft: SoftBudget | null;
  /** Who is a developer in its project, and nothing elsewhere. */
  readonly developer: Person;
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
    // The hard limit is 20 % above.
    soft: { usdPerDay: '25', action: 'warn' },
    developer: { email: 'mia@acme.example', name: 'Mia Lund' },
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
    soft: null,
    developer: { email: 'egon@acme.example', name: 'Egon Hart' },
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
    soft: { usdPerDay: '80', action: 'throttle', fallback: 'gpt-4o-mini' },
    developer: { email: 'rosa@acme.example', name: 'Rosa Vidal' },
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
