/** What a person must do about a refusal, beside what the server says of it. */
export function adviceFor(code: string, workerId: string): string {
  if (code === 'worker_session.replaced') {
    return ' (another process is this worker now; give each its own WORKER_NAME or SAGEWAI_HOME)';
  }
  if (code !== 'worker.locked') return '';
  return ` (was its home copied: sagewai fleet evict ${workerId}; was it restored from a backup: sagewai fleet unlock ${workerId}, and start it again)`;
}
