interface Image {
  readonly says: string;
  /** What its processes are made of; what these depend on comes along. */
  readonly packages: readonly string[];
  /** Other names of the same image. */
  readonly alsoTagged: readonly string[];
}

const SERVER = ['apps/server', 'apps/edge', 'apps/doctor', 'apps/backup', 'clients/cli'];

export const IMAGES = {
  server: {
    says: 'The control plane: server, edge, command line, doctor, backup',
    packages: SERVER,
    alsoTagged: ['admin'],
  },
  worker: {
    says: 'A worker that enrolls, claims runs and runs agents; and the command line',
    packages: ['clients/worker', 'clients/cli'],
    alsoTagged: [],
  },
  // The gateway may be in its process: the layers are the server's, only the command is another.
  edge: { says: 'One address before gateways', packages: SERVER, alsoTagged: [] },
} as const satisfies Record<string, Image>;

export type ImageName = keyof typeof IMAGES;
