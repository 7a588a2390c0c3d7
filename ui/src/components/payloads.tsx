// Payloads and other JSON, readable. Everything is text of React: nothing that a worker wrote becomes markup.
import { type ReactNode, useState } from 'react';
import { decode, inOneLine, listOf } from '../lib/payload';
import { Badge, Copy } from './basics';
import { type Readable, useDecoded } from './use-decoded';

/** Above this the rest is shown when it is asked for. */
const CHARACTERS_SHOWN = 4000;
const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** JSON text with its keys, texts and numbers in colours. */
function coloured(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > from) parts.push(text.slice(from, match.index));
    const [whole, string, colon] = match;
    const tone = string ? (colon ? 'text-ink' : 'text-green') : match[3] ? 'text-violet' : 'text-blue';
    parts.push(
      <span key={match.index} className={tone}>
        {string && colon ? string : whole}
      </span>,
    );
    if (string && colon) parts.push(colon);
    from = match.index + whole.length;
  }
  parts.push(text.slice(from));
  return parts;
}

export function Code({ text, json = false, label }: { text: string; json?: boolean; label: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? text : text.slice(0, CHARACTERS_SHOWN);
  return (
    <div className="relative min-w-0">
      <pre tabIndex={0} role="group" aria-label={label} className="max-h-96 overflow-auto px-3 py-2 font-mono text-xs wrap-anywhere whitespace-pre-wrap text-ink-2">
        {json ? coloured(shown) : shown}
        {shown.length < text.length && '…'}
      </pre>
      {shown.length < text.length && (
        <button type="button" className="link px-3 pb-2 text-xs" onClick={() => setAll(true)}>
          Show all {text.length.toLocaleString('en')} characters
        </button>
      )}
      <Copy text={text} what={label.toLowerCase()} className="absolute top-1.5 right-1.5 bg-surface" />
    </div>
  );
}

export const JsonView = ({ value, label }: { value: unknown; label: string }) => <Code json text={JSON.stringify(value, null, 2) ?? ''} label={label} />;

export function PayloadView({ payload, label }: { payload: unknown; label: string }) {
  const readable = useDecoded(payload);
  const decoded = decode(readable.payload);
  const usual = decoded.kind === 'json' || decoded.kind === 'null';
  return (
    <div className="min-w-0">
      <CodecLine readable={readable} />
      {!usual && (
        <div className="flex flex-wrap gap-1.5 px-3 pt-2">
          <Badge>{decoded.kind === 'encrypted' ? 'encrypted, as base64' : decoded.kind === 'binary' ? 'base64' : 'text'}</Badge>
          <span className="text-ink-3">
            {decoded.encoding || 'no encoding'}, {decoded.bytes.toLocaleString('en')} bytes{readable.state === 'encoded' && !readable.error && '. A codec server makes it readable: see Settings.'}
          </span>
        </div>
      )}
      <Code json={usual} text={decoded.text} label={label} />
    </div>
  );
}

/** What the codec server had to do with it. */
function CodecLine({ readable: { state, error, retry } }: { readable: Readable }) {
  if (state === 'plain' || (state === 'encoded' && !error)) return null;
  if (error)
    return (
      <div role="alert" className="flex flex-wrap items-baseline gap-x-2 px-3 pt-2 text-amber">
        <span className="min-w-0 break-words">{error.message}</span>
        <button type="button" className="link" onClick={retry}>
          Ask it again
        </button>
      </div>
    );
  return <p className="px-3 pt-2 text-xs text-ink-3">{state === 'decoding' ? 'The codec server is asked…' : 'Decoded by the codec server'}</p>;
}

/** A payload in one line of other text. */
export function OneLine({ payload }: { payload: unknown }) {
  return <>{inOneLine(useDecoded(payload).payload)}</>;
}

/** A list of payloads: what a workflow or an activity was given, or gave. */
export function PayloadList({ payloads, label, none }: { payloads: unknown; label: string; none: string }) {
  const list = listOf(payloads);
  if (list.length === 0) return <p className="px-3 py-2 text-ink-3">{none}</p>;
  return (
    <div className="divide-y divide-line">
      {list.map((payload, index) => (
        <PayloadView key={index} payload={payload} label={list.length > 1 ? `${label} ${index + 1}` : label} />
      ))}
    </div>
  );
}
