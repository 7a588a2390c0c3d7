// The times of a schedule that is being typed: by klamm, which compiles the spec as it will; by this page where klamm does not tell.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { ApiError } from '../../api/client';
import * as klamm from '../../api/klamm';
import type { Schedule } from '../../api/messages';
import { Section, classes } from '../../components/basics';
import { useNow } from '../../lib/clock';
import { type Form, previewOf, specOf } from '../../lib/schedule-form';
import { useSettings } from '../../lib/settings';
import { fullTime, zoneName } from '../../lib/time';

const COUNT = 10;
/** So long nothing is typed before klamm is asked. */
const QUIET_MS = 200;

interface Times {
  times: { nominal: string; due: string }[];
  problem: string | undefined;
  /** They are those of what was typed before. */
  isBehind: boolean;
}

export function Preview({ ns, form, before }: { ns: string; form: Form; before: Schedule | undefined }) {
  const { zone } = useSettings();
  const { times, problem, isBehind } = useTimes(ns, form, before);
  const isOther = form.zone !== zoneName(zone);
  return (
    <Section title="Next ten times">
      <div aria-live="polite" aria-busy={isBehind} className={classes('px-3 py-2', isBehind && 'opacity-50')}>
        {problem ? (
          <p className="break-words text-amber">{problem}</p>
        ) : times.length === 0 ? (
          <p className="text-amber">It names no time in years to come.</p>
        ) : (
          <ol>
            {times.map(({ nominal, due }) => (
              <li key={nominal} className="flex justify-between gap-3 py-0.5" title={due === nominal ? undefined : `With jitter: ${fullTime(due, form.zone)}`}>
                <span>{fullTime(nominal, form.zone).slice(0, 19)}</span>
                {isOther && <span className="text-ink-3">{fullTime(nominal, zone).slice(5, 16)}</span>}
              </li>
            ))}
          </ol>
        )}
        {times.length > 0 && (
          <p className="mt-1 text-xs text-ink-3">
            In {form.zone}
            {isOther && `; beside it in ${zoneName(zone)}`}.{form.jitter && ' Jitter comes on top: point at a time to see it.'}
          </p>
        )}
      </div>
    </Section>
  );
}

function useTimes(ns: string, form: Form, before: Schedule | undefined): Times {
  const { zone } = useSettings();
  const second = useNow();
  // Anew with each minute, not with each second.
  const minute = Math.floor(second / 60_000);
  const typed = useMemo(() => {
    try {
      return { spec: specOf(form, before, zone), problem: undefined };
    } catch (error) {
      return { spec: undefined, problem: (error as Error).message };
    }
  }, [form, before, zone]);
  const spec = JSON.stringify(typed.spec);
  const asked = useDeferredValue(useQuiet(spec));
  const answer = useQuery({
    queryKey: ['schedule-preview', ns, form.id, asked, minute],
    queryFn: ({ signal }) => klamm.previewSchedule(ns, JSON.parse(asked!) as object, form.id, COUNT, signal),
    enabled: asked !== undefined,
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
  });
  const { error } = answer;
  const isRefused = error instanceof ApiError && error.code === 3;
  // Another server, or klamm without this path, or nobody answers: the page's own reckoning is better than none.
  const own = useMemo<Omit<Times, 'isBehind'>>(() => {
    if (!error || isRefused) return { times: [], problem: undefined };
    if (form.kind === 'keep') return { times: [], problem: 'The times stay as they are.' };
    try {
      return { times: previewOf(form, new Date(Math.max(minute * 60_000, 0)), COUNT).map((time) => ({ nominal: time.toISOString(), due: time.toISOString() })), problem: undefined };
    } catch (failure) {
      return { times: [], problem: (failure as Error).message };
    }
  }, [form, minute, error, isRefused]);
  if (typed.problem) return { times: [], problem: typed.problem, isBehind: false };
  const isBehind = asked !== spec || answer.isPlaceholderData;
  if (isRefused) return { times: [], problem: error.message, isBehind };
  if (error) return { ...own, isBehind };
  return { times: answer.data?.times ?? [], problem: answer.data ? undefined : 'klamm is asked…', isBehind };
}

/** A text, when it has not changed for a moment. */
function useQuiet(text: string | undefined): string | undefined {
  const [quiet, setQuiet] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return quiet;
}
