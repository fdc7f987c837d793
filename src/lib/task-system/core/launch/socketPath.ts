import { constants, openSync } from 'node:fs';

const NAME = 'launcher';

/** Address of the launcher's socket, as this process reaches it. */
export interface SocketPath {
  readonly path: string;
  /** Descriptor of the directory, which has to stay open as long as the address is used. */
  readonly folder: number;
}

/** Addresses of sockets are limited to about a hundred bytes; by way of a descriptor every directory is near. */
export function openSocketPath(directory: string): SocketPath {
  const folder = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  return { folder, path: `/proc/self/fd/${String(folder)}/${NAME}` };
}
