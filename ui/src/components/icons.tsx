// The pages' own icons: lines of 1.6 on 16 by 16.
const PATHS = {
  workflows: 'M3 3.5h4v3H3zM9 9.5h4v3H9zM5 6.5V11h4',
  schedules: 'M8 4.5V8l2.5 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0',
  queues: 'M2.5 4h11M2.5 8h11M2.5 12h7',
  topics: 'M2.5 3.5h11v3h-11zM2.5 9.5h11v3h-11zM5 5h.01M5 11h.01',
  triggers: 'M9 2 3.5 9H8l-1 5 5.5-7H8z',
  partitions: 'M8 2.5 13.5 5.5 8 8.5 2.5 5.5zM2.5 8.5 8 11.5l5.5-3M2.5 11 8 14l5.5-3',
  namespaces: 'M2.5 4.5A1 1 0 0 1 3.5 3.5h3L8 5h4.5a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1z',
  overview: 'M2.5 13h11M4.5 10.5v-3M8 10.5v-7M11.5 10.5v-5',
  attributes: 'M2.5 2.5h5l6 6-5 5-6-6zM5.2 5.2h.01',
  batches: 'M2.5 3h11v4h-11zM4.5 9.5h7M6.5 12.5h3',
  workers: 'M8 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M3 13.5c.4-2.6 2.4-4 5-4s4.6 1.4 5 4',
  lock: 'M4 7.5h8v6H4zM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2',
  copy: 'M5.5 5.5h7v7h-7zM3.5 10.5v-7h7',
  check: 'M3.5 8.5 6.5 11.5 12.5 4.5',
  cross: 'M4 4l8 8M12 4l-8 8',
  refresh: 'M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3',
  back: 'M9.5 4 5.5 8l4 4',
  down: 'M4.5 6.5 8 10l3.5-3.5',
  right: 'M6.5 4.5 10 8l-3.5 3.5',
  more: 'M4 8h.01M8 8h.01M12 8h.01',
  plus: 'M8 3.5v9M3.5 8h9',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M10.5 10.5l3 3',
  star: 'M8 2.5l1.7 3.5 3.8.5-2.8 2.7.7 3.8L8 11.2 4.6 13l.7-3.8L2.5 6.5l3.8-.5z',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  settings: 'M3 5h6M12 5h1M3 11h1M7 11h6M10.5 6.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6M5.5 12.8a1.8 1.8 0 1 0 0-3.6 1.8 1.8 0 0 0 0 3.6',
  play: 'M5 3.5v9l7-4.5z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  signal: 'M8 13V8M5.2 8a2.8 2.8 0 1 1 5.6 0M3 9.5a5.3 5.3 0 1 1 10 0',
  stop: 'M4 4h8v8H4z',
  warning: 'M8 2.5 14 13H2zM8 6.5v3M8 11.3h.01',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  edit: 'M3 13l.6-2.6 7-7 2 2-7 7z',
  bin: 'M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.5 9h6l.5-9',
  external: 'M6.5 3.5h-3v9h9v-3M9 3h4v4M13 3 7.5 8.5',
  live: 'M8 9.2a1.2 1.2 0 1 0 0-2.4 1.2 1.2 0 0 0 0 2.4M4.8 11.2a4.5 4.5 0 0 1 0-6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4',
  inbox: 'M2.5 9l2-5.5h7l2 5.5v3.5h-11zM2.5 9h3.2l.8 1.5h3l.8-1.5h3.2',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth={1.5} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" className="shrink-0">
      <path d={PATHS[name]} />
    </svg>
  );
}
