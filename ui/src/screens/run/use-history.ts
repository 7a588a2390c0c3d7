// A run's events: all that there are, then each as it comes, by a call that waits.
import { useEffect, useReducer, useRef } from 'react';
import type { HistoryEvent } from '../../api/messages';
import { ApiError } from '../../api/client';
import * as temporal from '../../api/temporal';

export interface History {
  events: HistoryEvent[];
  /** All events so far are here. */
  isComplete: boolean;
  error: Error | undefined;
}

const EMPTY: History = { events: [], isComplete: false, error: undefined };
const RETRY_MS = 2000;

type Action = { kind: 'new run' } | { kind: 'page'; events: HistoryEvent[]; isComplete: boolean } | { kind: 'failed'; error: Error };

function reduce(history: History, action: Action): History {
  if (action.kind === 'new run') return EMPTY;
  if (action.kind === 'failed') return { ...history, error: action.error };
  const last = Number(history.events.at(-1)?.eventId ?? 0);
  const fresh = action.events.filter((event) => Number(event.eventId) > last);
  return { events: fresh.length > 0 ? [...history.events, ...fresh] : history.events, isComplete: action.isComplete, error: undefined };
}

const sleep = (milliseconds: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });

export function useHistory({ namespace, workflowId, runId }: temporal.Run, onEvents: () => void): History {
  const [history, dispatch] = useReducer(reduce, EMPTY);
  const notify = useRef(onEvents);
  notify.current = onEvents;
  useEffect(() => {
    dispatch({ kind: 'new run' });
    const stop = new AbortController();
    void follow({ namespace, workflowId, runId }, dispatch, () => notify.current(), stop.signal);
    return () => stop.abort();
  }, [namespace, workflowId, runId]);
  return history;
}

async function follow(run: temporal.Run, dispatch: (action: Action) => void, notify: () => void, signal: AbortSignal): Promise<void> {
  let token = '';
  let isFirst = true;
  while (!signal.aborted) {
    try {
      const page = await temporal.history(run, token, true, signal);
      const events = page.history?.events ?? [];
      token = page.nextPageToken ?? '';
      // A full page is followed by more; the last one of a running workflow is not full.
      dispatch({ kind: 'page', events, isComplete: token === '' || events.length < 200 });
      if (!isFirst && events.length > 0) notify();
      isFirst = false;
      if (token === '') return;
    } catch (error) {
      if (signal.aborted) return;
      dispatch({ kind: 'failed', error: error as Error });
      if (error instanceof ApiError && !error.isUnreachable && error.code !== 14 && error.code !== 4) return;
      await sleep(RETRY_MS, signal);
    }
  }
}
