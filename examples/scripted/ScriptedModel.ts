import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { completionOf, framesOf, type ChatRequest, type ScriptedReply } from './chat.ts';

/** What the model says: one reply for each request, in order, or a function that looks at the request. */
export type Script = readonly ScriptedReply[] | ((request: ChatRequest, index: number) => ScriptedReply | Promise<ScriptedReply>);

/**
 * A model without a mind: an HTTP server on the loopback that speaks the chat protocol of OpenAI, streaming included, and answers by a
 * script. It can also misbehave as real ones do: refuse, stall, break off, never end.
 */
export class ScriptedModel {
  /** What it was asked, in order. */
  readonly requests: ChatRequest[] = [];
  readonly #script: Script;
  readonly #server: Server;
  readonly #apiKey: string | undefined;
  #open = 0;
  #broken = 0;

  private constructor(script: Script, apiKey: string | undefined) {
    this.#script = script;
    this.#apiKey = apiKey;
    this.#server = createServer((request, response) => {
      this.#open++;
      response.once('close', () => {
        this.#open--;
        if (!response.writableFinished) this.#broken++;
      });
      void this.#serve(request, response).catch(() => { response.destroy(); });
    });
  }

  /** Starts on a free port. With `apiKey`, requests without it are refused as OpenAI does: with the wrong key in the message. */
  static async start(script: Script, { apiKey }: { readonly apiKey?: string } = {}): Promise<ScriptedModel> {
    const model = new ScriptedModel(script, apiKey);
    model.#server.listen(0, '127.0.0.1');
    await once(model.#server, 'listening');
    return model;
  }

  /** What clients take as the address of the API. */
  get baseURL(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server is not listening');
    return `http://127.0.0.1:${String(address.port)}/v1`;
  }

  /** Answers that are under way. */
  get open(): number {
    return this.#open;
  }

  /** Answers that did not come to their end: the client went away, or the script broke off. */
  get broken(): number {
    return this.#broken;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const { authorization = '' } = request.headers;
    if (this.#apiKey !== undefined && authorization !== `Bearer ${this.#apiKey}`) {
      sendError(response, 401, `Incorrect API key provided: ${authorization.replace('Bearer ', '')}.`);
      return;
    }
    const index = this.requests.push(body) - 1;
    const reply = typeof this.#script === 'function' ? await this.#script(body, index) : this.#script[index];
    if (reply === undefined) sendError(response, 400, `The script has no reply to request ${String(index + 1)}.`);
    else await play(reply, body, response);
  }
}

async function play(reply: ScriptedReply, request: ChatRequest, response: ServerResponse): Promise<void> {
  if (reply.status !== undefined) {
    sendError(response, reply.status, reply.message ?? 'Scripted refusal.', reply.headers);
    return;
  }
  if (request.stream !== true) {
    await reply.until;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(completionOf(reply, request.model)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  const closed = closing(response);
  await reply.until;
  let sent = 0;
  for (const frame of framesOf(reply, request.model)) {
    if (reply.cutAfter !== undefined && sent >= reply.cutAfter) {
      // What was said before has to leave first.
      response.write(':\n\n', () => { response.destroy(); });
      return;
    }
    if (!response.write(`data: ${frame}\n\n`)) await once(response, 'drain', { signal: closed });
    sent++;
  }
  response.end('data: [DONE]\n\n');
}

/** Who reads no more must not keep an endless answer waiting. */
function closing(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => { controller.abort(); });
  return controller.signal;
}

function sendError(response: ServerResponse, status: number, message: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ error: { message, type: 'scripted', code: null } }));
}

async function readBody(request: IncomingMessage): Promise<ChatRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
  if (isChatRequest(body)) return body;
  throw new TypeError('that is no chat request');
}

function isChatRequest(body: unknown): body is ChatRequest {
  return typeof body === 'object' && body !== null && 'messages' in body && Array.isArray(body.messages);
}
