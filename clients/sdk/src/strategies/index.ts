export {
  debate,
  type DebateOptions,
  parallel,
  planExecuteCritique,
  type PlannedStep,
  type PlanOptions,
  sequential,
  single,
  supervisor,
  type Worker,
} from './strategies.ts';
