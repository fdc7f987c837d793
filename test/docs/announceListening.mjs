// Loaded before an example that serves: takes any free port instead of the one it asks for, and says when it listens.
import { Server } from 'node:net';

const listen = Server.prototype.listen;
Server.prototype.listen = function listenAnywhere(...args) {
  this.once('listening', () => { process.send?.('listening'); });
  const callback = args.findLast((argument) => typeof argument === 'function');
  return Reflect.apply(listen, this, [0, '127.0.0.1', ...(callback === undefined ? [] : [callback])]);
};
