// Stands in for the Kubernetes provider where no registry and no cluster is at hand: it takes every manifest and keeps it
// in the state, as the real one does after Kubernetes has taken it. Started by Terraform, which it tells its port.
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';

const file = fileURLToPath(new URL('tfplugin5.proto', import.meta.url));
const { tfplugin5 } = grpc.loadPackageDefinition(loader.loadSync(file, { keepCase: true }));

const manifest = { name: 'manifest', type: Buffer.from('"dynamic"'), required: true };
const answer = (make) => (call, done) => done(null, make(call.request));

const server = new grpc.Server();
server.addService(tfplugin5.Provider.service, {
  GetSchema: answer(() => ({
    provider: { block: {} },
    resource_schemas: { kubernetes_manifest: { block: { attributes: [manifest] } } },
  })),
  PrepareProviderConfig: answer(({ config }) => ({ prepared_config: config })),
  ValidateResourceTypeConfig: answer(() => ({})),
  UpgradeResourceState: answer(({ raw_state: raw }) => ({ upgraded_state: { json: raw.json } })),
  Configure: answer(() => ({})),
  ReadResource: answer(({ current_state: state }) => ({ new_state: state })),
  PlanResourceChange: answer(({ proposed_new_state: state }) => ({ planned_state: state })),
  ApplyResourceChange: answer(({ planned_state: state }) => ({ new_state: state })),
  Stop: (_, done) => {
    done(null, {});
    setImmediate(() => process.exit(0));
  },
});
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`1|5|tcp|127.0.0.1:${port}|grpc`);
});
