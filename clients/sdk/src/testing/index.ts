/** For tests of workflows: a journal in memory, and a worker that dies where the test says. */
export { attempt, Killed, Shelf } from '../workflow/workflow-fixture.ts';
