// What all pages stand in: where one can go, and what holds everywhere.
import { useQuery } from '@tanstack/react-query';
import { type ErrorComponentProps, Link, Outlet, useNavigate, useParams, useRouter, useRouterState } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { DialogTrigger, Dialog as AriaDialog, Popover } from 'react-aria-components';
import { ApiError } from '../api/client';
import * as klamm from '../api/klamm';
import * as temporal from '../api/temporal';
import { change, useSettings } from '../lib/settings';
import { zoneName } from '../lib/time';
import { Button, classes, Note } from './basics';
import { CodecDialog } from './codec-dialog';
import { Choice, POPOVER } from './dialogs';
import { Icon } from './icons';

export function Shell() {
  const [open, setOpen] = useState(false);
  const address = useRouterState({ select: (state) => state.location.pathname });
  const { ns } = useParams({ strict: false });
  const stored = useSettings();
  const namespace = ns ?? stored.namespace;
  useEffect(() => {
    setOpen(false);
    if (ns && ns !== stored.namespace) change({ namespace: ns });
  }, [address, ns, stored.namespace]);
  return (
    <div className="flex min-h-dvh max-md:flex-col">
      <a href="#main" className="sr-only z-50 rounded bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:absolute focus:m-2">
        Skip to the content
      </a>
      <div className="sticky top-0 z-30 flex h-11 items-center gap-2 border-b border-line bg-page px-3 md:hidden">
        <Button kind="quiet" icon="menu" aria-label="Menu" aria-expanded={open} onPress={() => setOpen(!open)} />
        <Brand />
      </div>
      <nav
        aria-label="Pages"
        className={classes(
          'z-20 flex shrink-0 flex-col border-line bg-page px-2.5 md:sticky md:top-0 md:h-dvh md:w-48 md:border-r md:py-3',
          open ? 'max-md:border-b max-md:py-2' : 'max-md:hidden',
        )}
      >
        <div className="mb-3 px-1.5 max-md:hidden">
          <Brand />
        </div>
        <NamespaceChoice namespace={namespace} />
        <ul className="mt-2 space-y-px">
          {OF_NAMESPACE.map(({ to, part, icon, text }) => (
            <li key={part}>
              <Link to={to} params={{ ns: namespace }} {...item(address.includes(part))}>
                <Icon name={icon} />
                {text}
              </Link>
            </li>
          ))}
        </ul>
        <p className="eyebrow mt-4 mb-1 px-2">Server</p>
        <ul className="space-y-px">
          <li>
            <Link to="/overview" {...item(address === '/overview')}>
              <Icon name="overview" />
              Overview
            </Link>
          </li>
          <li>
            <Link to="/topics" {...item(address.startsWith('/topics'))}>
              <Icon name="topics" />
              Topics
            </Link>
          </li>
          <li>
            <Link to="/triggers" {...item(address.startsWith('/triggers'))}>
              <Icon name="triggers" />
              Triggers
            </Link>
          </li>
          <li>
            <Link to="/partitions" {...item(address === '/partitions')}>
              <Icon name="partitions" />
              Partitions
            </Link>
          </li>
          <li>
            <Link to="/namespaces" {...item(/^\/namespaces(\/[^/]+)?$/.test(address))}>
              <Icon name="namespaces" />
              Namespaces
            </Link>
          </li>
        </ul>
        <div className="mt-auto pt-4">
          <SettingsButton />
          <ServerLine />
        </div>
      </nav>
      <main id="main" tabIndex={-1} className="min-w-0 flex-1 px-5 pb-8 outline-none max-md:px-3">
        <Outlet />
      </main>
    </div>
  );
}

/** Pages of a namespace; `part` is what only their addresses have. */
const OF_NAMESPACE = [
  { to: '/namespaces/$ns/workflows', part: '/workflows', icon: 'workflows', text: 'Workflows' },
  { to: '/namespaces/$ns/schedules', part: '/schedules', icon: 'schedules', text: 'Schedules' },
  { to: '/namespaces/$ns/batch-operations', part: '/batch-operations', icon: 'batches', text: 'Batch operations' },
  { to: '/namespaces/$ns/task-queues', part: '/task-queues', icon: 'queues', text: 'Task queues' },
  { to: '/namespaces/$ns/workers', part: '/workers', icon: 'workers', text: 'Workers' },
] as const;

function Brand() {
  return (
    <Link to="/" className="inline-flex items-center gap-2 text-base font-semibold tracking-tight">
      <svg width="20" height="20" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="7" className="fill-accent-strong" />
        <path d="M9 7v18M14 16h4M23 8l-7 8 7 8" fill="none" stroke="#fff" strokeWidth="3.2" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      klamm
    </Link>
  );
}

/** What a link of the list of pages has. */
const item = (active: boolean) => ({
  'aria-current': active ? ('page' as const) : undefined,
  className: classes(
    'flex h-7 items-center gap-2 rounded-md px-2 font-medium',
    active ? 'bg-accent-soft text-accent' : 'text-ink-2 hover:bg-hover hover:text-ink',
  ),
});

function NamespaceChoice({ namespace }: { namespace: string }) {
  const navigate = useNavigate();
  const address = useRouterState({ select: (state) => state.location.pathname });
  const { data } = useQuery({ queryKey: ['namespaces'], queryFn: ({ signal }) => temporal.listNamespaces(signal), staleTime: 30_000 });
  const names = (data?.namespaces ?? []).map((each) => each.namespaceInfo?.name ?? '').filter((name) => name !== '' && name !== 'temporal-system');
  const options = [...new Set([namespace, ...names])].sort().map((id) => ({ id, text: id }));
  const go = (ns: string) => {
    change({ namespace: ns });
    const to = OF_NAMESPACE.find(({ part }) => address.includes(part))?.to ?? '/namespaces/$ns/workflows';
    void navigate({ to, params: { ns } });
  };
  return <Choice hidden label="Namespace" value={namespace} onChange={go} options={options} />;
}

const ZONES = ['Europe/London', 'Europe/Berlin', 'America/New_York', 'America/Los_Angeles', 'Asia/Kolkata', 'Asia/Tokyo', 'Australia/Sydney'];

function SettingsButton() {
  const { theme, zone, times, codec } = useSettings();
  const [isOpen, setOpen] = useState(false);
  const [isCodec, setCodec] = useState(false);
  const every = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : ZONES;
  const zones = [{ id: 'local', text: `This browser's (${zoneName('local')})` }, { id: 'UTC', text: 'UTC' }, ...every.filter((id) => id !== 'UTC').map((id) => ({ id, text: id }))];
  return (
    <>
    <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
      <Button kind="quiet" icon="settings" className="w-full justify-start! px-2!">
        {zone === 'local' ? 'Local time' : zone}
      </Button>
      <Popover placement="top start" className={POPOVER}>
        <AriaDialog aria-label="Settings" className="w-64 space-y-3 p-3 outline-none">
          <Choice
            label="Theme"
            value={theme}
            onChange={(id) => change({ theme: id as 'system' | 'light' | 'dark' })}
            options={[{ id: 'system', text: "The system's" }, { id: 'light', text: 'Light' }, { id: 'dark', text: 'Dark' }]}
          />
          <Choice label="Time zone" value={zone} onChange={(id) => change({ zone: id })} options={zones} />
          <Choice
            label="Times in lists"
            value={times}
            onChange={(id) => change({ times: id as 'absolute' | 'relative' })}
            options={[{ id: 'absolute', text: 'By the clock' }, { id: 'relative', text: 'By their distance: 3 min ago' }]}
          />
          <div>
            <p className="mb-0.5 text-xs font-medium text-ink-2">Codec server</p>
            <Button
              icon="lock"
              className="w-full justify-start! overflow-hidden"
              onPress={() => {
                setOpen(false);
                setCodec(true);
              }}
            >
              <span className="truncate">{codec.url || 'None'}</span>
            </Button>
          </div>
        </AriaDialog>
      </Popover>
    </DialogTrigger>
    {isCodec && <CodecDialog isOpen onClose={() => setCodec(false)} />}
    </>
  );
}

/** Which server it is, and whether it answers. */
function ServerLine() {
  const { data, error } = useQuery({ queryKey: ['overview'], queryFn: ({ signal }) => klamm.overview(signal), refetchInterval: ({ state }) => (state.error instanceof ApiError && state.error.isUnimplemented ? false : 5000), retry: false });
  const away = error instanceof ApiError && error.isUnreachable;
  const [tone, text] = away
    ? ['bg-red', 'No answer']
    : !data
      ? ['bg-ink-3', 'Connected']
      : data.problem || !data.health.ready
        ? ['bg-red', `klamm ${data.version}, not well`]
        : data.health.reasons.length > 0
          ? ['bg-amber', `klamm ${data.version}, warnings`]
          : ['bg-green', `klamm ${data.version}`];
  return (
    <p role="status" className="mt-1 flex h-6 items-center gap-2 px-2.5 text-xs text-ink-3">
      <span aria-hidden="true" className={classes('size-1.5 rounded-full', tone)} />
      {text}
    </p>
  );
}

export function RouteMissing() {
  return (
    <div className="max-w-xl pt-10">
      <Note title="There is no such page" action={<Link to="/" className="link">To the workflows</Link>}>
        The address names nothing that klamm has.
      </Note>
    </div>
  );
}

export function RouteFailed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <div className="max-w-xl pt-10">
      <Note
        tone="red"
        title="This page has failed"
        action={
          <>
            <Button icon="refresh" onPress={again}>
              Try again
            </Button>
            <Button onPress={() => location.reload()}>Load it anew</Button>
          </>
        }
      >
        {error instanceof Error ? error.message : String(error)}
      </Note>
    </div>
  );
}
