// A run's events: all that there are, then each as it comes.
import { useEffect, useReducer, useRef } from 'react';
import type { HistoryEvent } from '../../api/messages';
import { ApiError } from '../../api/client';
import * as klamm from '../../api/klamm';
import * as temporal from '../../api/temporal';
import { listen } from '../../lib/stream';

export interface History {
  events: HistoryEvent[];
  /** All events so far are here. */
  isComplete: boolean;
  error: Error | undefined;
}

const EMPTY: History = { events: [], isComplete: false, error: undefined };
const RETRY_MS = 2000;
/** The gRPC code. */
const NOT_FOUND = 5;

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

const CLOSED = /^EVENT_TYPE_WORKFLOW_EXECUTION_(COMPLETED|FAILED|TIMED_OUT|CANCELED|TERMINATED|CONTINUED_AS_NEW)$/;

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

/** All events that there are, then each as it comes: by a stream, or by calls that wait where the server has no stream. */
async function follow(run: temporal.Run, dispatch: (action: Action) => void, notify: () => void, signal: AbortSignal): Promise<void> {
  const last = await present(run, dispatch, signal);
  if (last === undefined || signal.aborted) return;
  if (await stream(run, last, dispatch, notify, signal)) return;
  await poll(run, dispatch, notify, signal);
}

/** Reads what there is. Answers the last event's id, and undefined where none can follow. */
async function present(run: temporal.Run, dispatch: (action: Action) => void, signal: AbortSignal): Promise<number | undefined> {
  let token = '';
  while (!signal.aborted) {
    try {
      const page = await temporal.history(run, token, false, signal);
      const events = page.history?.events ?? [];
      token = page.nextPageToken ?? '';
      dispatch({ kind: 'page', events, isComplete: token === '' });
      const last = events.at(-1);
      if (token === '') return CLOSED.test(last?.eventType ?? '') ? undefined : Number(last?.eventId ?? 0);
    } catch (error) {
      if (!(await mayTryAgain(error, dispatch, signal))) return undefined;
    }
  }
  return undefined;
}

/** Whether the stream told all until the end of the run, or of what is known of it. */
function stream({ namespace, workflowId, runId }: temporal.Run, from: number, dispatch: (action: Action) => void, notify: () => void, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let last = from;
    let waiting: HistoryEvent[] = [];
    let frame = 0;
    // Many events may come at once: the page changes once per frame.
    const flush = () => {
      frame = 0;
      const events = waiting;
      waiting = [];
      if (events.length === 0 || signal.aborted) return;
      dispatch({ kind: 'page', events, isComplete: true });
      notify();
    };
    const stop = listen(
      () => klamm.historyAddress(namespace, workflowId, runId, last),
      {
        event: (data) => {
          const event = data as HistoryEvent;
          last = Number(event.eventId ?? last);
          waiting.push(event);
          frame ||= requestAnimationFrame(flush);
        },
        end: () => {
          stop();
          cancelAnimationFrame(frame);
          flush();
          resolve(true);
        },
      },
      (why) => {
        // A run that is gone is not asked for again.
        if (why?.code === NOT_FOUND) dispatch({ kind: 'failed', error: why });
        resolve(why?.code === NOT_FOUND);
      },
    );
    signal.addEventListener('abort', () => {
      stop();
      resolve(true);
    });
  });
}

async function poll(run: temporal.Run, dispatch: (action: Action) => void, notify: () => void, signal: AbortSignal): Promise<void> {
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
      if (!(await mayTryAgain(error, dispatch, signal))) return;
    }
  }
}

/** Shows an error; after a while, what failed may be tried again, unless it was refused. */
async function mayTryAgain(error: unknown, dispatch: (action: Action) => void, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  dispatch({ kind: 'failed', error: error as Error });
  if (error instanceof ApiError && !error.isUnreachable && error.code !== 14 && error.code !== 4) return false;
  await sleep(RETRY_MS, signal);
  return true;
}
