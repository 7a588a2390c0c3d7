// A codec server: it turns payloads that workers have encoded (encrypted, compressed) into readable ones, for the browser alone.
//
// Temporal's protocol: POST <endpoint>/decode with {"payloads": [...]} and the header X-Namespace; the same list comes back, decoded. klamm
// itself sees neither the request nor the answer.
import type { Payload } from '../api/messages';
import { encodingOf, isPayload } from './payload';

export interface Codec {
  /** Where it is; `{namespace}` stands for the namespace. Empty: there is none. */
  url: string;
  /** Whether the access token is sent along. */
  passToken: boolean;
  /** Whether cookies of the codec server's site are sent along. */
  withCredentials: boolean;
}

export const NO_CODEC: Codec = { url: '', passToken: false, withCredentials: false };

/** Encodings that are read without a codec: those of the SDKs' own converters. */
const PLAIN = new Set(['', 'json/plain', 'json/protobuf', 'binary/null', 'binary/plain', 'binary/protobuf']);

/** Whether a codec has made the payload what it is. Nothing else is sent to the codec server. */
export const isEncoded = (payload: unknown): payload is Payload => isPayload(payload) && !PLAIN.has(encodingOf(payload));

const isLoopback = (host: string) => host === 'localhost' || host.endsWith('.localhost') || /^127\.\d+\.\d+\.\d+$/.test(host) || host === '[::1]';

/** What is wrong with it, in words. */
export function problemOf({ url, passToken }: Codec): string | undefined {
  if (url === '') return undefined;
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return `“${url}” is no address. It looks like https://codec.example.com.`;
  }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return 'The address begins with https:// or http://.';
  if (/[{}]|%7[bd]/i.test(parsed.host)) return '{namespace} may stand in the path, not in the name of the server.';
  if (parsed.username || parsed.password) return 'A name and a password do not belong in the address.';
  if (parsed.search || parsed.hash) return 'The address has no ? and no #.';
  if (passToken && parsed.protocol !== 'https:' && !isLoopback(parsed.hostname)) return 'An access token is passed over https only: anyone on the way could read it.';
  return undefined;
}

/** What the page must be permitted to ask. */
export const originOf = (url: string): string => (url === '' ? '' : new URL(url).origin);

export const endpointOf = (url: string, namespace: string): string =>
  `${url.trim().replace(/\/+$/, '').replace(/\{namespace\}/g, encodeURIComponent(namespace))}/decode`;

/** Says, in words, why there is no readable payload. */
export class CodecError extends Error {}

const PATIENCE_MS = 15_000;
const TEXT_SHOWN = 200;

/** One request. Rejects with `CodecError`. */
export async function decodeBy(codec: Codec, namespace: string, token: string, payloads: Payload[]): Promise<Payload[]> {
  const wrong = problemOf(codec);
  if (wrong) throw new CodecError(wrong);
  const endpoint = endpointOf(codec.url, namespace);
  const headers: Record<string, string> = { 'content-type': 'application/json', 'x-namespace': namespace };
  if (codec.passToken && token !== '') headers.authorization = `Bearer ${token}`;
  let response: Response;
  try {
    response = await fetch(endpoint, {
      method: 'POST',
      headers,
      body: JSON.stringify({ payloads }),
      credentials: codec.withCredentials ? 'include' : 'omit',
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    throw new CodecError(
      late
        ? `The codec server at ${codec.url} has not answered within ${PATIENCE_MS / 1000} s.`
        : `The codec server at ${codec.url} does not answer, or does not let this page ask (CORS: it must name ${location.origin}, and the headers content-type, x-namespace and authorization).`,
    );
  }
  const text = await response.text().catch(() => '');
  if (!response.ok) {
    const reason = response.status === 401 || response.status === 403 ? ' The access token is missing, or does not suffice.' : '';
    throw new CodecError(`The codec server answered ${response.status}${text.trim() ? `: ${text.trim().slice(0, TEXT_SHOWN)}` : ''}.${reason}`);
  }
  let decoded: unknown;
  try {
    decoded = (JSON.parse(text) as { payloads?: unknown }).payloads;
  } catch {
    throw new CodecError(`What the codec server answered is not JSON: ${text.slice(0, TEXT_SHOWN)}`);
  }
  if (!Array.isArray(decoded) || decoded.length !== payloads.length)
    throw new CodecError(`The codec server was given ${payloads.length} payloads, and answered ${Array.isArray(decoded) ? decoded.length : 'no list'}.`);
  if (!decoded.every(isPayload)) throw new CodecError('What the codec server answered is no list of payloads.');
  return decoded;
}

/** Most payloads of a request, and most characters of their data. */
const PAYLOADS_MAX = 200;
const CHARACTERS_MAX = 2_000_000;

interface Waiting {
  payload: Payload;
  resolve: (payload: Payload) => void;
  reject: (error: Error) => void;
}

/** Joins what is asked for at the same moment into few requests. */
export function batching(send: (payloads: Payload[]) => Promise<Payload[]>): (payload: Payload) => Promise<Payload> {
  let waiting: Waiting[] = [];
  const flush = () => {
    const all = waiting;
    waiting = [];
    for (let from = 0; from < all.length; ) {
      let to = from;
      for (let size = 0; to < all.length && to - from < PAYLOADS_MAX && (to === from || size + (all[to]!.payload.data?.length ?? 0) <= CHARACTERS_MAX); to += 1)
        size += all[to]!.payload.data?.length ?? 0;
      const part = all.slice(from, to);
      send(part.map(({ payload }) => payload)).then(
        (decoded) => part.forEach(({ resolve }, index) => resolve(decoded[index]!)),
        (error: Error) => part.forEach(({ reject }) => reject(error)),
      );
      from = to;
    }
  };
  return (payload) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setTimeout(flush);
      waiting.push({ payload, resolve, reject });
    });
}

const fingerprints = new WeakMap<object, string>();

/** Tells payloads apart without keeping them: their length and a hash of 53 bits (cyrb53). */
export function fingerprint(payload: Payload): string {
  const known = fingerprints.get(payload);
  if (known !== undefined) return known;
  const text = JSON.stringify([payload.metadata, payload.data]);
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    high = Math.imul(high ^ character, 2654435761);
    low = Math.imul(low ^ character, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  const found = `${text.length}-${(4294967296 * (2097151 & low) + (high >>> 0)).toString(36)}`;
  fingerprints.set(payload, found);
  return found;
}
