import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { anySystemCall } from '../attempt.mjs';

/** Addresses that belong to nobody (RFC 5737) and to no machine but a cloud's own. */
const NOWHERE = '192.0.2.1';
const METADATA = '169.254.169.254';

/**
 * Probes of the network. Where the interfaces are those of the host, nothing stands between the task and the world: that is known
 * without a packet, and none is sent.
 */
export function networkProbes({ port, abstractSocket, socketPath, interfaces }) {
  const isHosts = JSON.stringify(ownInterfaces()) === JSON.stringify(interfaces);
  const outward = (attempt) => () => (isHosts ? undefined : attempt());
  return {
    N01: outward(() => connects({ host: NOWHERE, port: 80 })),
    N02: outward(() => sends(NOWHERE)),
    N03: outward(() => lookup('example.com')),
    N04: () => connects({ host: '127.0.0.1', port }),
    N05: outward(() => connects({ host: METADATA, port: 80 })),
    N06: () => connects({ path: abstractSocket }),
    N07: () => connects({ path: socketPath }),
    // AF_NETLINK, AF_PACKET, AF_VSOCK, a raw socket, AF_UNIX.
    N11: () => anySystemCall([41, 16, 3, 0], [41, 17, 3, 0], [41, 40, 1, 0], [41, 2, 3, 1], [41, 1, 1, 0]),
  };
}

/** None where the kernel refuses to tell. */
function ownInterfaces() {
  try {
    return Object.keys(networkInterfaces()).sort();
  } catch {
    return [];
  }
}

function connects(target) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const socket = connect(target, () => { socket.destroy(); resolve(); });
  socket.once('error', reject);
  return promise;
}

function sends(address) {
  const { promise, resolve, reject } = Promise.withResolvers();
  const socket = createSocket('udp4');
  socket.send('x', 53, address, (error) => {
    socket.close();
    if (error) reject(error);
    else resolve();
  });
  return promise;
}
