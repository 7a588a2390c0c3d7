// Payloads as text. What is in them comes from workers and is never taken for markup.
import type { Payload, Payloads } from '../api/messages';

export interface Decoded {
  /** How it is shown: `json` is pretty-printed, `binary` is base64 with its size. */
  kind: 'json' | 'text' | 'binary' | 'null' | 'encrypted';
  /** `encoding` of the metadata. */
  encoding: string;
  text: string;
  /** Of `kind` json. */
  value?: unknown;
  bytes: number;
}

export function fromBase64(text: string): Uint8Array {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

const textOf = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
const encodeText = (text: string) => toBase64(new TextEncoder().encode(text));

function metadataText(payload: Payload, name: string): string {
  try {
    return textOf(fromBase64(payload.metadata?.[name] ?? ''));
  } catch {
    return '';
  }
}

export const encodingOf = (payload: Payload): string => metadataText(payload, 'encoding');

export const isPayload = (value: unknown): value is Payload =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length > 0 &&
  Object.keys(value).every((key) => key === 'metadata' || key === 'data' || key === 'externalPayloads') &&
  ('metadata' in value || 'data' in value);

/** One payload, in either form that the HTTP API has: `{metadata, data}`, or a JSON value itself. */
export function decode(payload: unknown): Decoded {
  if (!isPayload(payload)) {
    const text = JSON.stringify(payload, null, 2) ?? '';
    return { kind: payload === null ? 'null' : 'json', encoding: 'json/plain', text, value: payload, bytes: text.length };
  }
  const encoding = metadataText(payload, 'encoding');
  const data = payload.data ?? '';
  let bytes: Uint8Array;
  try {
    bytes = fromBase64(data);
  } catch {
    return { kind: 'text', encoding, text: data, bytes: data.length };
  }
  if (encoding === 'binary/null') return { kind: 'null', encoding, text: 'null', value: null, bytes: 0 };
  if (encoding === 'binary/encrypted') return { kind: 'encrypted', encoding, text: data, bytes: bytes.length };
  let text: string;
  try {
    text = textOf(bytes);
  } catch {
    return { kind: 'binary', encoding, text: data, bytes: bytes.length };
  }
  if (encoding === 'binary/protobuf') return { kind: 'binary', encoding, text: data, bytes: bytes.length };
  if (encoding === '' || encoding === 'binary/plain') {
    const readable = /^[\t\n\r -\u{10ffff}]*$/u.test(text);
    return readable ? { kind: 'text', encoding, text, bytes: bytes.length } : { kind: 'binary', encoding, text: data, bytes: bytes.length };
  }
  try {
    const value: unknown = JSON.parse(text);
    // A number that JavaScript cannot hold would be shown changed, so that such a text stays as it is.
    const exact = !/\d{16}/.test(text);
    return { kind: 'json', encoding, text: exact ? JSON.stringify(value, null, 2) : text, value, bytes: bytes.length };
  } catch {
    return { kind: 'text', encoding, text, bytes: bytes.length };
  }
}

/** The list in `Payloads`, in either form. */
export function listOf(payloads: Payloads | unknown): unknown[] {
  if (Array.isArray(payloads)) return payloads;
  const list = (payloads as Payloads | undefined)?.payloads;
  return Array.isArray(list) ? list : [];
}

/** The value with what its payloads hold in their places, for people to read. What a codec has made stays as it is. */
export function plainly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainly);
  if (typeof value !== 'object' || value === null) return value;
  if (isPayload(value)) {
    const decoded = decode(value);
    return decoded.kind === 'json' || decoded.kind === 'null' ? decoded.value : decoded.kind === 'text' ? decoded.text : value;
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plainly(each)]));
}

/** A payload in one line, for tables. */
export function inOneLine(payload: unknown): string {
  const decoded = decode(payload);
  if (decoded.kind === 'binary') return `${decoded.bytes} bytes`;
  if (decoded.kind === 'encrypted') return 'encrypted';
  if (decoded.kind !== 'json') return decoded.text;
  return typeof decoded.value === 'string' ? decoded.value : JSON.stringify(decoded.value);
}

/** JSON text as a payload; throws a `SyntaxError` where it is not JSON. */
export function jsonPayload(text: string): Payload {
  JSON.parse(text);
  return { metadata: { encoding: encodeText('json/plain') }, data: encodeText(text) };
}

/** What was typed as arguments: empty for none, else one JSON value per payload, the values separated by newlines or one value in all. */
export function argumentsOf(text: string): Payload[] {
  const trimmed = text.trim();
  if (trimmed === '') return [];
  try {
    return [jsonPayload(trimmed)];
  } catch (error) {
    const lines = trimmed.split('\n').filter((line) => line.trim() !== '');
    if (lines.length < 2) throw error;
    return lines.map((line) => jsonPayload(line.trim()));
  }
}
