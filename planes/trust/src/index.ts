export { createAuditor, nameActor } from './auditor.ts';
export { type Batch, BATCH_IDS_MAX, digestBatch } from './batch.ts';
export { appendAll, appendAudit, readEntries } from './entries.sql.ts';
export type { AuditEntry } from './entry.ts';
export { recordBatch, recordBatches } from './record-batch.ts';
export { trustRoutes } from './routes.ts';
export { createAlerts } from './create-alerts.ts';
export { createSinks } from './create-sinks.ts';
export { raiseAlert } from './raise-alert.ts';
