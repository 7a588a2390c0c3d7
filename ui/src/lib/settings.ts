// What a person has chosen in this browser: theme, zone, columns, saved filters.
import { useSyncExternalStore } from 'react';
import { type Codec, NO_CODEC } from './codec';

export interface SavedFilter {
  name: string;
  query: string;
}

export interface Settings {
  theme: 'system' | 'light' | 'dark';
  /** `local`, `UTC` or an IANA name. */
  zone: string;
  /** How times stand in lists. */
  times: 'absolute' | 'relative';
  namespace: string;
  columns: string[];
  filters: SavedFilter[];
  /** Whether workflow tasks are shown among a run's events. */
  tasks: boolean;
  codec: Codec;
}

const KEY = 'klamm.settings';
const DEFAULTS: Settings = {
  theme: 'system',
  zone: 'local',
  times: 'absolute',
  namespace: 'default',
  columns: ['status', 'workflowId', 'type', 'runId', 'start', 'duration'],
  filters: [],
  tasks: false,
  codec: NO_CODEC,
};

function read(): Settings {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Settings>;
    const settings = { ...DEFAULTS, ...stored, codec: { ...NO_CODEC, ...stored.codec } };
    if (!Array.isArray(settings.columns) || !Array.isArray(settings.filters)) return DEFAULTS;
    if (settings.zone !== 'local') new Intl.DateTimeFormat('en', { timeZone: settings.zone });
    return settings;
  } catch {
    return DEFAULTS;
  }
}

let current = read();
const listeners = new Set<() => void>();

export function change(part: Partial<Settings>): void {
  keep(part);
  apply();
  listeners.forEach((listener) => listener());
}

/** Keeps a choice for the next load of the page. The page as it is does not heed it. */
export function keep(part: Partial<Settings>): void {
  current = { ...current, ...part };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // A browser that stores nothing keeps the choice until the page is closed.
  }
}

function apply(): void {
  const { theme } = current;
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export const settings = (): Settings => current;

export const useSettings = (): Settings =>
  useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, settings);
