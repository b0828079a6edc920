import type { Counter, Metrics } from '@sagewai/telemetry';

export interface SignInMeters {
  readonly attempts: Counter<'method' | 'outcome'>;
  readonly sessionsEnded: Counter<'reason'>;
}

export function createSignInMeters(metrics: Metrics): SignInMeters {
  return {
    attempts: metrics.counter({
      name: 'sagewai_sign_in_attempts_total',
      help: 'Attempts to sign in, by method and outcome.',
      labels: ['method', 'outcome'],
    }),
    sessionsEnded: metrics.counter({
      name: 'sagewai_login_sessions_ended_total',
      help: 'Login sessions that were ended before their time, by reason.',
      labels: ['reason'],
    }),
  };
}
