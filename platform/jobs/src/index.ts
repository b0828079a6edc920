export { readDue } from './due.sql.ts';
export { type Due, type Job, job, type Leadership } from './job.ts';
export { type Jobs, type JobsOptions, startJobs, type Timer } from './start-jobs.ts';
