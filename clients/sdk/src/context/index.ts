export {
  ProjectError,
  ProjectQuotaExceededError,
  ProjectRateLimitError,
  ProjectRequiredError,
} from './errors.ts';
export {
  PROJECT_DEFAULTS,
  ProjectContext,
  type ProjectContextOptions,
  type ProjectLimits,
  scopedCollection,
  scopedKey,
} from './project-context.ts';
export {
  type BudgetCheck,
  createProjectModels,
  type ProjectModels,
  type SpendAhead,
  type SpentElsewhere,
} from './project-models.ts';
