export {
  ANOMALY_KINDS,
  type AnomalyKind,
  listAnomalies,
  resetWorker,
  getAnomalySettings,
  setAnomalySettings,
} from './anomalies.ts';
export {
  ALERT_ENDPOINTS,
  ALERT_TYPES,
  type AlertDelivery,
  type AlertType,
  createAlertWebhook,
  deleteAlertWebhook,
  listAlertDeliveries,
  listAlertEmails,
  listAlertWebhooks,
  redeliverAlert,
  rotateAlertWebhook,
  testAlertEmail,
  testAlertWebhook,
  updateAlertWebhook,
} from './alerts.ts';
export * from './events.ts';
export * from './webhooks.ts';
export {
  classifyComplexity,
  type ClassifiedRequest,
  type Complexity,
  type Tier,
  TIERS,
} from './classify-complexity.ts';
export {
  askWhetherSafe,
  EXTERNAL_METRICS,
  getApiGroup,
  listApiGroups,
  listExternalMetrics,
  readExternalMetric,
  readScaling,
  readScalingText,
} from './autoscale.ts';
export {
  type AuditMode,
  type BodyOf,
  endpoint,
  type Endpoint,
  type OutputOf,
  type ParamsOf,
  type QueryOf,
  type Surface,
} from './endpoint.ts';
export { type EndpointTable, ENDPOINTS } from './endpoints.ts';
export * from './scim.ts';
export * from './sso.ts';
export { listSealRecipients } from './sealing.ts';
export type {
  AccountGroupId,
  AccountId,
  EnrollmentKeyId,
  KeyId,
  OrganizationId,
  ProjectId,
  ReservationId,
  RunId,
  ServiceAccountId,
  TokenId,
  WorkerId,
} from './ids.ts';
export {
  passAnthropicMessage,
  passAzureChat,
  passAzureDeploymentChat,
  passAzureDeploymentEmbedding,
  passAzureEmbedding,
  passAzureResponse,
  passBedrock,
  passGemini,
  passOpenaiChat,
  passOpenaiEmbedding,
  passOpenaiResponse,
  passVertex,
} from './passthrough.ts';
export { type CallerKind, type Permission, PERMISSIONS } from './permissions.ts';
export { type Mistake, type Problem, type ProblemCode, PROBLEMS } from './problems.ts';
export {
  assignRole,
  createRole,
  createServiceAccount,
  deleteRole,
  getAccount,
  listAccounts,
  listRoleAssignments,
  listRoles,
  listServiceAccounts,
  setAccountActive,
  setServiceAccountActive,
  unassignRole,
} from './role-administration.ts';
export {
  BUILT_IN_ROLES,
  type BuiltInRole,
  isBuiltInRole,
  ROLE_MATRIX,
  ROLE_PERMISSIONS,
} from './roles.ts';
export {
  type BatchRecord,
  canonicalBatch,
  canonicalEntry,
  CHAIN_VERSION,
  type ChainEntry,
  type ChainHead,
  GENESIS_HASH,
  netstring,
  PLATFORM_CHAIN,
} from './evidence.ts';
export {
  accessToken,
  createOrganization,
  createProject,
  renameProject,
  createToken,
  getOrganization,
  getProject,
  listOrganizations,
  listProjects,
  listTokens,
  NAME_PATTERN,
  organization,
  project,
  revokeToken,
  TOKEN_SCOPES,
  type TokenScope,
  whoAmI,
} from './identity.ts';
export {
  createAuditSink,
  deleteAuditSink,
  listAuditSinks,
  testAuditSink,
  updateAuditSink,
} from './audit-sinks.ts';
export { listChildren, listTaskChildren } from './children.ts';
export * from './accounts.ts';
export * from './own-account.ts';
export * from './sign-in.ts';
export { auditEntry, exportAudit, listAudit } from './trust.ts';
export { AUDIT_FORMATS, type AuditFormat, formatEntry } from './audit-formats.ts';
export { FLEET_EVENT_TYPES, type FleetEventType, listFleetEvents } from './fleet-audit.ts';
export * from './chats.ts';
export * from './engines.ts';
export * from './artifacts.ts';
export * from './knowledge.ts';
export * from './gateway.ts';
export * from './litellm-budgets.ts';
export * from './litellm-keys.ts';
export * from './litellm-parts.ts';
export * from './litellm-server.ts';
export * from './litellm-global-spend.ts';
export * from './litellm-spend.ts';
export * from './litellm-teams.ts';
export { createKey, getKey, limits, listKeys, revokeKey, updateKey, virtualKey } from './keys.ts';
export { canonicalJson } from './canonical-json.ts';
export { canonicalModel, canonicalModels } from './model-name.ts';
export {
  dependency,
  getAdminHealth,
  getHealth,
  getHealthz,
  getMetrics,
  getReadiness,
} from './health.ts';
export {
  balance,
  budget,
  listBudgets,
  exportSpend,
  listSpend,
  setBudget,
  type SettledCall,
  settledCallRecord,
  spend,
} from './ledger.ts';
export { listFacetLimits, setFacetLimit } from './facet-limits.ts';
export { verifyLedger } from './ledger-verification.ts';
export { simulateBudget } from './budget-simulation.ts';
export {
  createAlertRule,
  deleteAlertRule,
  listAlertRules,
  updateAlertRule,
} from './alert-rules.ts';
export {
  checkBudget,
  createSoftLimit,
  deleteSoftLimit,
  EVERY_AGENT,
  getBudgetStatus,
  listSoftLimits,
  recordSpend,
  reserveSpend,
  setSoftLimit,
  type SoftLimitOnWire,
} from './soft-budgets.ts';
export * from './litellm-guardrails.ts';
export {
  createGuardrail,
  deleteGuardrail,
  getGuardrail,
  listGuardrails,
  testGuardrail,
  updateGuardrail,
} from './guardrails.ts';
export {
  createHarnessPolicy,
  deleteHarnessPolicy,
  getHarnessPolicy,
  listHarnessPolicies,
  updateHarnessPolicy,
} from './harness-policies.ts';
export { getAnswerCache } from './answer-cache.ts';
export {
  explainRoute,
  getRoutingDecision,
  listRoutingDecisions,
  routedCallRecord,
} from './model-routes.ts';
export { formatUsd, parseUsd, PICO_PER_USD, type PicoUsd, USD_PATTERN } from './money.ts';
export { getEncryptionKeys, resealRows } from './encryption-keys.ts';
export { enableEncryption, getEncryption, rotateEncryption } from './encryption.ts';
export {
  createEnrollmentKey,
  listEnrollmentKeys,
  revokeEnrollmentKey,
  rotateEnrollmentKey,
} from './enrollment-keys.ts';
export {
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
  worker,
} from './fleet-administration.ts';
export {
  ENFORCEMENT_MODES,
  type EnforcementMode,
  getFleetSettings,
  setFleetSettings,
} from './fleet-settings.ts';
export { issueFleetToken, listFleetTokens, revokeFleetToken } from './fleet-tokens.ts';
export {
  fleetQueue,
  fleetProject,
  listQueues,
  listFleetProjects,
  pauseFleet,
  resumeFleet,
  setQueue,
  setFleetProject,
} from './fleet-limits.ts';
export {
  claimRuns,
  heartbeat,
  openWorkerSession,
  POLL_TIMEOUT_SECONDS_MAX,
  registerWorker,
  reportRun,
  reportRuns,
  SLOTS_PER_POLL_MAX,
} from './fleet.ts';
export { reserveForRun, settleForRun } from './own-calls.ts';
export {
  cancelTask,
  getTask,
  listTasks,
  submitTask,
  submitTasks,
  TASK_STATES,
  type TaskState,
} from './tasks.ts';
export { reportSpend, SPEND_NAMES, type SpendName } from './spend.ts';
export {
  csvLine,
  formatSpend,
  SPEND_FORMATS,
  type SpendFormat,
  spendHeading,
} from './spend-formats.ts';
export {
  getProjectCredential,
  removeProjectCredential,
  rotateProjectCredential,
  setProjectCredential,
} from './project-credentials.ts';
export { AUTO, getModelTiers, setModelTiers, testClassify } from './tiers.ts';
export { WORKER_SCOPES, WORKER_STATES, type WorkerScope, type WorkerState } from './worker.ts';
export {
  cancelRuns,
  discardDeadLetter,
  discardDeadLetters,
  getDeadLetter,
  getOperation,
  listDeadLetters,
  redriveDeadLetter,
  redriveDeadLetters,
} from './dead-letters.ts';
export {
  createSchedule,
  deleteSchedule,
  getSchedule,
  listFirings,
  listSchedules,
  previewSchedule,
  triggerSchedule,
  updateSchedule,
} from './schedules.ts';
export { getRetention, setRetention } from './retention.ts';
export * from './triggers.ts';
export { ERROR_CLASSES, errorClass, retryPolicy } from './retry.ts';
export { resume, wait } from './run-wait.ts';
export {
  approveRun,
  denyRun,
  RESUME_VALUE_BYTES_MAX,
  signalRun,
  WAIT_MS_MAX,
  waitForResume,
} from './waiting.ts';
export {
  JOURNAL_FORMAT,
  appendJournal,
  readJournal,
  replayRun,
  STEP_NAME_LENGTH_MAX,
  STEPS_PER_WRITE_MAX,
} from './journal.ts';
export { readTimeline, streamTimeline, timelineEvents } from './timeline.ts';
export {
  deleteWorkflow,
  getWorkflow,
  listWorkflowRuns,
  listWorkflows,
  registerWorkflows,
  submitWorkflowRun,
} from './workflows.ts';
export {
  approveToolCall,
  callTool,
  denyToolCall,
  getToolCall,
  listToolCalls,
  redriveToolCall,
  reportToolCall,
  TOOL_CALL_STATES,
  TOOL_ERRORS,
} from './tool-calls.ts';
export {
  TOOL_KINDS,
  TOOL_MODES,
  TOOL_RESULT_BYTES_MAX,
  TOOL_RISKS,
  TOOL_TIMEOUT_MS_MAX,
  type ToolMode,
} from './tool-manifest.ts';
export { exchangeA2a, exchangeA2aAgent, readAgentCard, readServerCard } from './a2a.ts';
export { exchangeMcp } from './mcp.ts';
export {
  createTool,
  deleteTool,
  discoverTools,
  getTool,
  listToolRates,
  listTools,
  setToolRate,
  updateTool,
} from './tools.ts';
export {
  appendRunEvents,
  EVENT_DATA_BYTES_MAX,
  EVENT_TEXT_LENGTH_MAX,
  EVENTS_PER_BATCH_MAX,
  listRunEvents,
  runEventsStream,
  streamRunEvents,
} from './run-events.ts';
export {
  cancelRun,
  getRun,
  listRuns,
  PRIORITY_MAX,
  PRIORITY_MIN,
  run,
  runDetail,
  RUN_STATES,
  RUNS_PER_BATCH_MAX,
  type RunState,
  submission,
  submissionPart,
  submitRun,
  submitRuns,
} from './runs.ts';
export {
  getProjectRouting,
  listPools,
  listVersions,
  type RoutingConstraints,
  setPool,
  setProjectRouting,
  setRamp,
  type WireSelector,
} from './routing.ts';
export { explainRun, explainTask, listPending } from './placement.ts';
export { listStalled, setPoolProgress } from './stalled.ts';
export {
  DELETION_FORMAT,
  deleteProject,
  deletionCertificate,
  getProjectDeletion,
  listProjectDeletions,
  undeleteProject,
} from './project-deletion.ts';
