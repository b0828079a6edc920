import { ACTION_MUTANTS } from './action-mutants.ts';
import { CHILD_MUTANTS } from './child-mutants.ts';
import { DISPATCH_MUTANTS } from './dispatch-mutants.ts';
import { ENGINE_MUTANTS } from './engine-mutants.ts';
import { LEDGER_MUTANTS } from './ledger-mutants.ts';
import { RUN_MUTANTS } from './run-mutants.ts';
import type { SourceMutant } from './source-mutant.ts';
import { TRUST_MUTANTS } from './trust-mutants.ts';

export const SOURCE_MUTANTS: readonly SourceMutant[] = [
  ...DISPATCH_MUTANTS,
  ...TRUST_MUTANTS,
  ...RUN_MUTANTS,
  ...CHILD_MUTANTS,
  ...ACTION_MUTANTS,
  ...LEDGER_MUTANTS,
  ...ENGINE_MUTANTS,
];
