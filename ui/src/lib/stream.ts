// Server-sent events of klamm's own API.
import { type ApiError, refusal } from '../api/client';

export interface Handlers {
  /** By the names of the events. */
  [event: string]: (data: unknown) => void;
}

/**
 * Listens while the page is in sight: a browser has few connections to a server, and tabs that nobody looks at would take them all.
 * `address` is asked for at each beginning. `onClosed`: no more will come, because the server has no such stream, or has ended it; then it has
 * said why.
 * Returns what ends it.
 */
export function listen(address: () => string, handlers: Handlers, onClosed: (why: ApiError | undefined) => void): () => void {
  let source: EventSource | undefined;
  const close = () => {
    source?.close();
    source = undefined;
  };
  const end = () => {
    close();
    document.removeEventListener('visibilitychange', look);
  };
  const giveUp = (why: ApiError | undefined) => {
    end();
    onClosed(why);
  };
  const open = () => {
    const opened = new EventSource(address());
    source = opened;
    for (const [name, handle] of Object.entries(handlers)) opened.addEventListener(name, (event: MessageEvent<string>) => handle(JSON.parse(event.data)));
    opened.addEventListener('failed', (event: MessageEvent<string>) => giveUp(refusal(500, JSON.parse(event.data))));
    // A connection that breaks is made anew by the browser; a refusal is not.
    opened.addEventListener('error', () => opened.readyState === EventSource.CLOSED && source === opened && giveUp(undefined));
  };
  const look = () => {
    if (document.visibilityState === 'hidden') close();
    else if (!source) open();
  };
  document.addEventListener('visibilitychange', look);
  look();
  return end;
}
