/**
 * Thousands of workers on one machine, against a server that runs: each enrolls, polls, beats, works and
 * reports over real HTTP. Says once a second how they fare; Ctrl-C ends it.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { simulateFleet } from '@sagewai/bench';

const HELP = `Usage: npm run simulate:fleet -- --enrollment-key sk-fleet-… [options]

  --gateway URL         the server (http://localhost:8000)
  --enrollment-key KEY  enrolls all of them; made by: sagewai fleet create-key --name simulated
  --workers N           how many (10000)
  --pools a,b           spread over these (default)
  --models a,b          what they can run (simulated)
  --slots N             runs at once, each (4)
  --work-ms A-B         how long a run takes, evenly between (100-2000)
  --poll-seconds N      how long a poll waits (30)
  --heartbeat-seconds N between two signs of life (30)
  --seconds N           ends after so long; else at Ctrl-C
  --ca-file FILE        trust this private authority

One process has a connection for each worker: \`ulimit -n\` must allow twice as many.
`;

const { values } = parseArgs({
  options: {
    gateway: { type: 'string', default: 'http://localhost:8000' },
    'enrollment-key': { type: 'string' },
    workers: { type: 'string', default: '10000' },
    pools: { type: 'string', default: 'default' },
    models: { type: 'string', default: 'simulated' },
    slots: { type: 'string', default: '4' },
    'work-ms': { type: 'string', default: '100-2000' },
    'poll-seconds': { type: 'string', default: '30' },
    'heartbeat-seconds': { type: 'string', default: '30' },
    seconds: { type: 'string', default: '0' },
    'ca-file': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const key = values['enrollment-key'];
if (values.help === true || key === undefined) {
  console.error(HELP);
  process.exit(values.help === true ? 0 : 2);
}

const [shortest = 0, longest = shortest] = values['work-ms'].split('-').map(Number);
const caFile = values['ca-file'];
console.error(`Enrolling ${values.workers} workers …`);
const fleet = await simulateFleet({
  url: values.gateway.replace(/\/+$/, ''),
  enrollmentKey: key,
  workers: Number(values.workers),
  pools: values.pools.split(','),
  models: values.models.split(','),
  slots: Number(values.slots),
  pollSeconds: Number(values['poll-seconds']),
  heartbeatMs: Number(values['heartbeat-seconds']) * 1_000,
  workMs: () => shortest + Math.random() * (longest - shortest),
  ca: caFile === undefined ? null : await readFile(caFile, 'utf8'),
});
const tell = (): void =>
  console.log(JSON.stringify({ ...fleet.tally, connections: fleet.connections() }));
const telling = setInterval(tell, 1_000);

const { promise: told, resolve: end } = Promise.withResolvers<void>();
process.once('SIGINT', () => end());
process.once('SIGTERM', () => end());
if (Number(values.seconds) > 0) setTimeout(end, Number(values.seconds) * 1_000);
await told;
clearInterval(telling);
tell();
await fleet.stop();
