import type { IncomingMessage, Server } from 'node:http';

/**
 * Answers an upgrade that nobody wants the way Node does when nobody listens for upgrades: as an ordinary request. Clients send
 * such requests without meaning it (`Upgrade: h2c`). A body is lost by now, so a request with one is refused.
 */
export function answerAsRequest(server: Server, request: IncomingMessage): void {
  const { socket } = request;
  socket.on('error', () => { socket.destroy(); });
  const hasBody = Number(request.headers['content-length'] ?? 0) > 0 || request.headers['transfer-encoding'] !== undefined;
  if (hasBody || server.listenerCount('request') === 0) {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  // Loaded here: a host without an HTTP server would pay 20 ms for it at import.
  const { ServerResponse } = process.getBuiltinModule('node:http');
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => {
    response.detachSocket(socket);
    socket.end();
  });
  server.emit('request', request, response);
}
