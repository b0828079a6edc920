import { A2A_ENDPOINTS } from './a2a.ts';
import { ACCOUNT_ENDPOINTS } from './accounts.ts';
import { ALERT_RULE_ENDPOINTS } from './alert-rules.ts';
import { ALERT_EMAIL_ENDPOINTS, ALERT_ENDPOINTS } from './alerts.ts';
import { getAnomalySettings, listAnomalies, resetWorker, setAnomalySettings } from './anomalies.ts';
import { ANSWER_CACHE_ENDPOINTS } from './answer-cache.ts';
import { ARTIFACT_ENDPOINTS } from './artifacts.ts';
import { AUDIT_SINK_ENDPOINTS } from './audit-sinks.ts';
import {
  askWhetherSafe,
  getApiGroup,
  listApiGroups,
  listExternalMetrics,
  readExternalMetric,
  readScaling,
  readScalingText,
} from './autoscale.ts';
import { BATCH_ENDPOINTS } from './batches.ts';
import { simulateBudget } from './budget-simulation.ts';
import { CALL_BODY_ENDPOINTS } from './call-bodies.ts';
import { CHAT_ENDPOINTS } from './chats.ts';
import { listChildren, listTaskChildren } from './children.ts';
import {
  cancelRuns,
  discardDeadLetter,
  discardDeadLetters,
  getDeadLetter,
  getOperation,
  listDeadLetters,
  redriveDeadLetter,
  redriveDeadLetters,
} from './dead-letters.ts';
import { ENCRYPTION_KEY_ENDPOINTS } from './encryption-keys.ts';
import { enableEncryption, getEncryption, rotateEncryption } from './encryption.ts';
import { ENGINE_ENDPOINTS } from './engines.ts';
import {
  createEnrollmentKey,
  listEnrollmentKeys,
  revokeEnrollmentKey,
  rotateEnrollmentKey,
} from './enrollment-keys.ts';
import { listFacetLimits, setFacetLimit } from './facet-limits.ts';
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
import { listFleetEvents } from './fleet-audit.ts';
import {
  listQueues,
  listFleetProjects,
  pauseFleet,
  resumeFleet,
  setQueue,
  setFleetProject,
} from './fleet-limits.ts';
import { getFleetSettings, setFleetSettings } from './fleet-settings.ts';
import { issueFleetToken, listFleetTokens, revokeFleetToken } from './fleet-tokens.ts';
import {
  claimRuns,
  heartbeat,
  openWorkerSession,
  registerWorker,
  reportRun,
  reportRuns,
} from './fleet.ts';
import {
  countMessageTokens,
  createChatCompletion,
  createMessage,
  getModel,
  listModels,
} from './gateway.ts';
import { GUARDRAIL_ENDPOINTS } from './guardrails.ts';
import { HARNESS_POLICY_ENDPOINTS } from './harness-policies.ts';
import { getAdminHealth, getHealth, getHealthz, getMetrics, getReadiness } from './health.ts';
import {
  createOrganization,
  createProject,
  renameProject,
  createToken,
  getOrganization,
  getProject,
  listOrganizations,
  listProjects,
  listTokens,
  revokeToken,
  whoAmI,
} from './identity.ts';
import { appendJournal, readJournal, replayRun } from './journal.ts';
import { KEPT_RESPONSE_ENDPOINTS } from './kept-responses.ts';
import { createKey, getKey, listKeys, revokeKey, updateKey } from './keys.ts';
import { KNOWLEDGE_ENDPOINTS } from './knowledge.ts';
import { verifyLedger } from './ledger-verification.ts';
import { exportSpend, listBudgets, listSpend, setBudget } from './ledger.ts';
import { LITELLM_BUDGET_ENDPOINTS } from './litellm-budgets.ts';
import { LITELLM_GLOBAL_SPEND_ENDPOINTS } from './litellm-global-spend.ts';
import { LITELLM_KEY_ENDPOINTS } from './litellm-keys.ts';
import { LITELLM_PART_ENDPOINTS } from './litellm-parts.ts';
import { LITELLM_SERVER_ENDPOINTS } from './litellm-server.ts';
import { LITELLM_SPEND_ENDPOINTS } from './litellm-spend.ts';
import { LITELLM_TEAM_ENDPOINTS } from './litellm-teams.ts';
import { exchangeMcp } from './mcp.ts';
import { MEDIA_ENDPOINTS } from './media.ts';
import { MESSAGE_BATCH_ENDPOINTS } from './message-batches.ts';
import { MODEL_ROUTE_ENDPOINTS } from './model-routes.ts';
import { MODEL_SURFACES } from './model-surfaces.ts';
import { OLLAMA_SURFACES } from './ollama.ts';
import { OWN_ACCOUNT_ENDPOINTS } from './own-account.ts';
import { reserveForRun, settleForRun } from './own-calls.ts';
import { PASSTHROUGH_ENDPOINTS } from './passthrough.ts';
import { explainRun, explainTask, listPending } from './placement.ts';
import {
  getProjectCredential,
  removeProjectCredential,
  rotateProjectCredential,
  setProjectCredential,
} from './project-credentials.ts';
import { PROJECT_DELETION_ENDPOINTS } from './project-deletion.ts';
import { getRetention, setRetention } from './retention.ts';
import { ROLE_ENDPOINTS } from './role-administration.ts';
import {
  getProjectRouting,
  listPools,
  listVersions,
  setPool,
  setProjectRouting,
  setRamp,
} from './routing.ts';
import { appendRunEvents, listRunEvents, streamRunEvents } from './run-events.ts';
import { cancelRun, getRun, listRuns, submitRun, submitRuns } from './runs.ts';
import {
  createSchedule,
  deleteSchedule,
  getSchedule,
  listFirings,
  listSchedules,
  previewSchedule,
  triggerSchedule,
  updateSchedule,
} from './schedules.ts';
import { SCIM_ENDPOINTS } from './scim.ts';
import { listSealRecipients } from './sealing.ts';
import { SIGN_IN_ENDPOINTS } from './sign-in.ts';
import { SOFT_BUDGET_ENDPOINTS } from './soft-budgets.ts';
import { reportSpend } from './spend.ts';
import { SSO_ENDPOINTS } from './sso.ts';
import { listStalled, setPoolProgress } from './stalled.ts';
import { cancelTask, getTask, listTasks, submitTask, submitTasks } from './tasks.ts';
import { getModelTiers, setModelTiers, testClassify } from './tiers.ts';
import { readTimeline, streamTimeline } from './timeline.ts';
import { TOOL_CALL_ENDPOINTS } from './tool-calls.ts';
import { TOOL_ENDPOINTS } from './tools.ts';
import { TRIGGER_ENDPOINTS } from './triggers.ts';
import { exportAudit, listAudit } from './trust.ts';
import { approveRun, denyRun, signalRun, waitForResume } from './waiting.ts';
import { WEBHOOK_ENDPOINTS } from './webhooks.ts';
import { WORKFLOW_ENDPOINTS } from './workflows.ts';

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
  renameProject,
  ...PROJECT_DELETION_ENDPOINTS,
  getProject,
  listTokens,
  createToken,
  revokeToken,
  whoAmI,
  ...ROLE_ENDPOINTS,
  ...SIGN_IN_ENDPOINTS,
  ...OWN_ACCOUNT_ENDPOINTS,
  ...ACCOUNT_ENDPOINTS,
  ...SSO_ENDPOINTS,
  ...SCIM_ENDPOINTS,
  listAudit,
  exportAudit,
  ...AUDIT_SINK_ENDPOINTS,
  ...ALERT_ENDPOINTS,
  ...WEBHOOK_ENDPOINTS,
  ...ANSWER_CACHE_ENDPOINTS,
  ...GUARDRAIL_ENDPOINTS,
  ...HARNESS_POLICY_ENDPOINTS,
  ...LITELLM_KEY_ENDPOINTS,
  ...LITELLM_SERVER_ENDPOINTS,
  ...LITELLM_TEAM_ENDPOINTS,
  ...LITELLM_BUDGET_ENDPOINTS,
  ...LITELLM_PART_ENDPOINTS,
  ...LITELLM_SPEND_ENDPOINTS,
  ...LITELLM_GLOBAL_SPEND_ENDPOINTS,
  listBudgets,
  simulateBudget,
  setBudget,
  listFacetLimits,
  setFacetLimit,
  listSpend,
  reportSpend,
  exportSpend,
  verifyLedger,
  ...SOFT_BUDGET_ENDPOINTS,
  ...ALERT_RULE_ENDPOINTS,
  ...ALERT_EMAIL_ENDPOINTS,
  ...MODEL_ROUTE_ENDPOINTS,
  createKey,
  listKeys,
  getKey,
  updateKey,
  revokeKey,
  createChatCompletion,
  createMessage,
  ...BATCH_ENDPOINTS,
  ...MESSAGE_BATCH_ENDPOINTS,
  ...CALL_BODY_ENDPOINTS,
  ...KEPT_RESPONSE_ENDPOINTS,
  ...MEDIA_ENDPOINTS,
  ...PASSTHROUGH_ENDPOINTS,
  ...MODEL_SURFACES,
  countMessageTokens,
  ...OLLAMA_SURFACES,
  listModels,
  getModel,
  getModelTiers,
  getProjectCredential,
  setProjectCredential,
  rotateProjectCredential,
  removeProjectCredential,
  setModelTiers,
  testClassify,
  submitRun,
  submitRuns,
  listRuns,
  listSealRecipients,
  getRun,
  cancelRun,
  listChildren,
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
  listTaskChildren,
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
  issueFleetToken,
  listFleetTokens,
  revokeFleetToken,
  getFleetSettings,
  setFleetSettings,
  explainRun,
  explainTask,
  listPending,
  listPools,
  setPool,
  listVersions,
  setRamp,
  listStalled,
  setPoolProgress,
  getProjectRouting,
  setProjectRouting,
  listFleetEvents,
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
  listDeadLetters,
  getDeadLetter,
  redriveDeadLetter,
  discardDeadLetter,
  redriveDeadLetters,
  discardDeadLetters,
  cancelRuns,
  getOperation,
  createSchedule,
  listSchedules,
  getSchedule,
  updateSchedule,
  deleteSchedule,
  triggerSchedule,
  previewSchedule,
  listFirings,
  ...TRIGGER_ENDPOINTS,
  getEncryption,
  enableEncryption,
  rotateEncryption,
  ...ENCRYPTION_KEY_ENDPOINTS,
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
  appendJournal,
  readJournal,
  replayRun,
  readTimeline,
  streamTimeline,
  ...TOOL_ENDPOINTS,
  ...TOOL_CALL_ENDPOINTS,
  exchangeMcp,
  ...A2A_ENDPOINTS,
  ...WORKFLOW_ENDPOINTS,
  ...CHAT_ENDPOINTS,
  ...KNOWLEDGE_ENDPOINTS,
  ...ARTIFACT_ENDPOINTS,
  ...ENGINE_ENDPOINTS,
] as const;

/** The endpoints by id. */
export type EndpointTable = {
  readonly [E in (typeof ENDPOINTS)[number] as E['id']]: E;
};
