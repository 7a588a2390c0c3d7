// A codec server as people write them: it turns the bits of integration-tests/ui/world.py's MirrorCodec back.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  path: string;
  namespace: string | undefined;
  authorization: string | undefined;
  encodings: string[];
}

interface Payload {
  metadata?: Record<string, string>;
  data?: string;
}

export interface CodecServer {
  url: string;
  /** All that it was asked to decode. */
  asked: Asked[];
  /** What it answers next instead, until it is undefined again. */
  failure: { status: number; text: string } | undefined;
  /** Only who brings this token is answered. */
  token: string | undefined;
  close: () => Promise<void>;
}

const text = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString();

function decoded(payload: Payload): Payload {
  if (text(payload.metadata?.encoding) !== 'binary/encrypted') return payload;
  return JSON.parse(Buffer.from(Buffer.from(payload.data ?? '', 'base64').map((byte) => byte ^ 0xff)).toString()) as Payload;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

export async function codecServer(): Promise<CodecServer> {
  const state: Omit<CodecServer, 'url' | 'close'> = { asked: [], failure: undefined, token: undefined };
  const server = createServer((request, response) => {
    void (async () => {
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
      response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
      if (request.method === 'OPTIONS') return response.writeHead(204).end();
      const { payloads } = JSON.parse(await bodyOf(request)) as { payloads: Payload[] };
      const { authorization } = request.headers;
      state.asked.push({ path: request.url ?? '', namespace: request.headers['x-namespace'] as string | undefined, authorization, encodings: payloads.map(({ metadata }) => text(metadata?.encoding)) });
      if (state.failure) return response.writeHead(state.failure.status).end(state.failure.text);
      if (state.token !== undefined && authorization !== `Bearer ${state.token}`) return response.writeHead(401).end('who are you?');
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ payloads: payloads.map(decoded) }));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, { url: `http://127.0.0.1:${port}`, close: () => new Promise<void>((resolve) => void server.close(() => resolve())) });
}
