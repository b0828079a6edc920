import {
  createAlertWebhook,
  deleteAlertWebhook,
  listAlertDeliveries,
  listAlertWebhooks,
  redeliverAlert,
  rotateAlertWebhook,
  testAlertWebhook,
  updateAlertWebhook,
} from './alerts.ts';
import { getAnomalySettings, listAnomalies, resetWorker, setAnomalySettings } from './anomalies.ts';
import {
  askWhetherSafe,
  getApiGroup,
  listApiGroups,
  listExternalMetrics,
  readExternalMetric,
  readScaling,
  readScalingText,
} from './autoscale.ts';
import { enableEncryption, getEncryption, rotateEncryption } from './encryption.ts';
import {
  createEnrollmentKey,
  listEnrollmentKeys,
  revokeEnrollmentKey,
  rotateEnrollmentKey,
} from './enrollment-keys.ts';
import {
  approveWorker,
  banWorker,
  evictWorker,
  getWorker,
  issueWorkerToken,
  listWorkers,
  rejectWorker,
  revokeWorker,
  drainWorker,
  undrainWorker,
  unlockWorker,
} from './fleet-administration.ts';
import {
  listQueues,
  listFleetProjects,
  pauseFleet,
  resumeFleet,
  setQueue,
  setFleetProject,
} from './fleet-limits.ts';
import { getFleetSettings, setFleetSettings } from './fleet-settings.ts';
import {
  claimRuns,
  heartbeat,
  openWorkerSession,
  registerWorker,
  reportRun,
  reportRuns,
} from './fleet.ts';
import { createChatCompletion, listModels } from './gateway.ts';
import { getAdminHealth, getHealth, getHealthz, getMetrics, getReadiness } from './health.ts';
import {
  createOrganization,
  createProject,
  createToken,
  getOrganization,
  getProject,
  listOrganizations,
  listProjects,
  listTokens,
  revokeToken,
  whoAmI,
} from './identity.ts';
import { createKey, getKey, listKeys, revokeKey, updateKey } from './keys.ts';
import { listBudgets, listSpend, setBudget } from './ledger.ts';
import { reserveForRun, settleForRun } from './own-calls.ts';
import { getRetention, setRetention } from './retention.ts';
import { getProjectRouting, listPools, setPool, setProjectRouting } from './routing.ts';
import { appendRunEvents, listRunEvents, streamRunEvents } from './run-events.ts';
import { cancelRun, getRun, listRuns, submitRun, submitRuns } from './runs.ts';
import { cancelTask, getTask, listTasks, submitTask, submitTasks } from './tasks.ts';
import { listAudit } from './trust.ts';
import { approveRun, denyRun, signalRun, waitForResume } from './waiting.ts';

/** Every endpoint of the product. OpenAPI, the SDK's table of paths and the conventions read this list. */
export const ENDPOINTS = [
  getHealth,
  getHealthz,
  getReadiness,
  getAdminHealth,
  getMetrics,
  listOrganizations,
  createOrganization,
  getOrganization,
  listProjects,
  createProject,
  getProject,
  listTokens,
  createToken,
  revokeToken,
  whoAmI,
  listAudit,
  listAlertWebhooks,
  createAlertWebhook,
  updateAlertWebhook,
  deleteAlertWebhook,
  rotateAlertWebhook,
  testAlertWebhook,
  listAlertDeliveries,
  redeliverAlert,
  listBudgets,
  setBudget,
  listSpend,
  createKey,
  listKeys,
  getKey,
  updateKey,
  revokeKey,
  createChatCompletion,
  listModels,
  submitRun,
  submitRuns,
  listRuns,
  getRun,
  cancelRun,
  listRunEvents,
  streamRunEvents,
  approveRun,
  denyRun,
  signalRun,
  registerWorker,
  openWorkerSession,
  claimRuns,
  heartbeat,
  reportRun,
  reportRuns,
  submitTask,
  submitTasks,
  listTasks,
  getTask,
  cancelTask,
  listWorkers,
  getWorker,
  approveWorker,
  rejectWorker,
  revokeWorker,
  drainWorker,
  undrainWorker,
  evictWorker,
  banWorker,
  unlockWorker,
  issueWorkerToken,
  listEnrollmentKeys,
  createEnrollmentKey,
  rotateEnrollmentKey,
  revokeEnrollmentKey,
  getFleetSettings,
  setFleetSettings,
  listPools,
  setPool,
  getProjectRouting,
  setProjectRouting,
  askWhetherSafe,
  listAnomalies,
  resetWorker,
  getAnomalySettings,
  setAnomalySettings,
  readScaling,
  readScalingText,
  listApiGroups,
  getApiGroup,
  listExternalMetrics,
  readExternalMetric,
  getRetention,
  setRetention,
  getEncryption,
  enableEncryption,
  rotateEncryption,
  listFleetProjects,
  setFleetProject,
  listQueues,
  setQueue,
  pauseFleet,
  resumeFleet,
  reserveForRun,
  settleForRun,
  appendRunEvents,
  waitForResume,
] as const;

/** The endpoints by id. */
export type EndpointTable = {
  readonly [E in (typeof ENDPOINTS)[number] as E['id']]: E;
};
