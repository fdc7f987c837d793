/** The part of a WebSocket that the client uses. The one of browsers, of Node 22 and newer, and that of `ws` fit. */
export interface WebSocketLike {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: 'open' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number }) => void): void;
}

/** Makes WebSockets. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => WebSocketLike;
