import { once } from 'node:events';
import {
  type AddressInfo,
  connect,
  createServer,
  type NetConnectOpts,
  type Socket,
} from 'node:net';

/** A way to a database that a test can cut and mend, as networks and failing hosts do. */
export interface Cuttable {
  /** Of the same database, by this way. */
  readonly url: string;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function startCuttable(url: string): Promise<Cuttable> {
  const place = new URL(url);
  const to = addressOf(place);
  const open = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    return socket;
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) {
      near.resetAndDestroy();
      return;
    }
    const far = keep(connect(to));
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakOff = (): void => {
    for (const socket of open) socket.destroy();
  };
  place.searchParams.delete('host');
  place.hostname = '127.0.0.1';
  place.port = String((server.address() as AddressInfo).port);
  return {
    url: place.href,
    cut: () => {
      isCut = true;
      breakOff();
    },
    mend: () => {
      isCut = false;
    },
    close: async () => {
      breakOff();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A folder named as its host has the database's socket. */
function addressOf(place: URL): NetConnectOpts {
  const folder = place.searchParams.get('host');
  const port = place.port === '' ? '5432' : place.port;
  return folder === null
    ? { host: place.hostname, port: Number(port) }
    : { path: `${folder}/.s.PGSQL.${port}` };
}
