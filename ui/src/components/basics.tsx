// Small parts of all pages.
import type { ComponentProps, ReactNode } from 'react';
import { useState } from 'react';
import { Button as AriaButton, Checkbox } from 'react-aria-components';
import { ApiError } from '../api/client';
import { useNow } from '../lib/clock';
import { useSettings } from '../lib/settings';
import { fullTime, relativeTime, shortTime } from '../lib/time';
import { humanDuration } from '../lib/duration';
import { Icon, type IconName } from './icons';

export const classes = (...names: (string | false | undefined)[]): string => names.filter(Boolean).join(' ');

type ButtonProps = Omit<ComponentProps<typeof AriaButton>, 'className' | 'children'> & {
  kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  icon?: IconName;
  children?: ReactNode;
  className?: string;
};

const KINDS = {
  plain: 'border border-line-strong bg-surface text-ink hover:bg-hover',
  primary: 'border border-transparent bg-accent text-on-accent hover:brightness-110',
  danger: 'border border-transparent bg-red text-surface hover:brightness-110',
  quiet: 'border border-transparent text-ink-2 hover:bg-hover hover:text-ink',
};

export const buttonClass = (kind: keyof typeof KINDS = 'plain', withText = true): string =>
  classes(
    'inline-flex h-7 shrink-0 items-center justify-center gap-1.5 rounded-md text-sm font-medium whitespace-nowrap transition-colors disabled:opacity-50',
    withText ? 'px-2.5' : 'w-7',
    KINDS[kind],
  );

export function Button({ kind = 'plain', icon, children, className, ...rest }: ButtonProps) {
  return (
    <AriaButton {...rest} className={classes(buttonClass(kind, children !== undefined), className)}>
      {icon && <Icon name={icon} />}
      {children}
    </AriaButton>
  );
}

/** Copies `text`. What it copies is said for people who do not see it. */
export function Copy({ text, what, className }: { text: string; what: string; className?: string }) {
  const [copied, setCopied] = useState<boolean>();
  const copy = async () => {
    try {
      await writeClipboard(text);
      setCopied(true);
    } catch {
      setCopied(false);
    }
    setTimeout(() => setCopied(undefined), 1500);
  };
  return (
    <button
      type="button"
      aria-label={copied === undefined ? `Copy ${what}` : copied ? `Copied ${what}` : 'The browser does not let pages copy'}
      onClick={() => void copy()}
      className={classes('inline-flex size-5 shrink-0 items-center justify-center rounded text-ink-3 hover:bg-hover hover:text-ink', className)}
    >
      <Icon name={copied === undefined ? 'copy' : copied ? 'check' : 'cross'} size={13} />
    </button>
  );
}

/** Pages over plain HTTP from another machine have no `navigator.clipboard`. */
async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('not copied');
}

/** An id or a name as it is, with a button that copies it. */
export function Copyable({ text, what, className }: { text: string; what: string; className?: string }) {
  return (
    <span className={classes('group/copy inline-flex max-w-full min-w-0 items-center gap-0.5', className)}>
      <span className="truncate font-mono text-xs">{text}</span>
      <Copy text={text} what={what} />
    </span>
  );
}

export function Time({ value, long = false }: { value: string | undefined; long?: boolean }) {
  const { zone, times } = useSettings();
  const now = useNow();
  if (!value) return <span className="text-ink-3">—</span>;
  const exact = fullTime(value, zone);
  const shown = long ? exact : times === 'relative' ? relativeTime(value, now) : shortTime(value, zone, new Date(now));
  return (
    <time dateTime={value} title={`${exact}\n${relativeTime(value, now)}\n${value}`} className="whitespace-nowrap">
      {shown}
    </time>
  );
}

/** The time since `from`, which grows until `to` is known. */
export function Elapsed({ from, to }: { from: string | undefined; to: string | undefined }) {
  const now = useNow();
  if (!from) return <span className="text-ink-3">—</span>;
  const end = to ? Date.parse(to) : now;
  return <span className="whitespace-nowrap">{humanDuration(Math.max(0, end - Date.parse(from)))}</span>;
}

export function Note({ tone = 'plain', title, children, action }: { tone?: 'plain' | 'red' | 'amber'; title: string; children?: ReactNode; action?: ReactNode }) {
  const tones = { plain: 'border-line bg-surface', red: 'border-red/30 bg-red-soft', amber: 'border-amber/30 bg-amber-soft' };
  return (
    <div role={tone === 'red' ? 'alert' : undefined} className={classes('rounded-lg border px-4 py-3', tones[tone])}>
      <p className="font-semibold">{title}</p>
      {children && <div className="mt-0.5 max-w-prose text-ink-2">{children}</div>}
      {action && <div className="mt-2 flex flex-wrap gap-2">{action}</div>}
    </div>
  );
}

/** What went wrong, and what to do about it. */
export function Failed({ error, what, retry }: { error: Error; what: string; retry?: () => void }) {
  const action = retry && (
    <Button icon="refresh" onPress={retry}>
      Try again
    </Button>
  );
  const known = error instanceof ApiError ? error : undefined;
  if (known?.isUnreachable)
    return (
      <Note tone="red" title="klamm does not answer" action={action}>
        This page asks again by itself. Is the process still running? <code className="font-mono text-xs">klamm dev</code> starts it.
      </Note>
    );
  if (known?.isUnimplemented)
    return (
      <Note tone="amber" title={`${what}: not in this server`}>
        {known.message}
      </Note>
    );
  if (known?.status === 403)
    return (
      <Note tone="red" title={`${what}: not permitted`} action={action}>
        {known.message}
      </Note>
    );
  return (
    <Note tone="red" title={known?.isNotFound ? `${what}: not found` : `${what} cannot be shown`} action={action}>
      {error.message}
    </Note>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center">
      <span className="mb-3 flex size-10 items-center justify-center rounded-full bg-grey-soft text-ink-3">
        <Icon name={icon} size={20} />
      </span>
      <p className="text-base font-semibold">{title}</p>
      {children && <div className="mt-1 max-w-prose text-ink-2">{children}</div>}
    </div>
  );
}

export function Command({ text }: { text: string }) {
  return (
    <span className="mt-2 inline-flex max-w-full items-center gap-1 rounded-md border border-line bg-sunken py-1 pr-1 pl-2.5 text-left">
      <code tabIndex={0} className="min-w-0 overflow-x-auto font-mono text-xs whitespace-pre">
        {text}
      </code>
      <Copy text={text} what="the command" />
    </span>
  );
}

export function Loading({ rows = 6 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="animate-pulse space-y-2 p-4">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className={classes('h-4 rounded bg-grey-soft', ['w-11/12', 'w-8/12', 'w-10/12'][index % 3])} />
      ))}
    </div>
  );
}

export function PageHeader({ title, count, children }: { title: ReactNode; count?: ReactNode; children?: ReactNode }) {
  return (
    <header className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-2 pt-4 pb-3">
      <h1 className="text-lg font-semibold tracking-tight">{title}</h1>
      {count !== undefined && <span className="text-ink-3">{count}</span>}
      <div className="ml-auto flex flex-wrap items-center gap-1.5">{children}</div>
    </header>
  );
}

export function Facts({ children, className }: { children: ReactNode; className?: string }) {
  return <dl className={classes('flex flex-wrap gap-x-8 gap-y-3', className)}>{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="eyebrow">{name}</dt>
      <dd className="min-h-5 min-w-0 truncate">{children}</dd>
    </div>
  );
}

export function Badge({ tone = 'grey', children }: { tone?: 'grey' | 'blue' | 'green' | 'red' | 'amber' | 'violet'; children: ReactNode }) {
  const tones = {
    grey: 'bg-grey-soft text-ink-2',
    blue: 'bg-blue-soft text-blue',
    green: 'bg-green-soft text-green',
    red: 'bg-red-soft text-red',
    amber: 'bg-amber-soft text-amber',
    violet: 'bg-violet-soft text-violet',
  };
  return <span className={classes('inline-flex h-5 shrink-0 items-center gap-1 rounded px-1.5 text-xs font-medium whitespace-nowrap', tones[tone])}>{children}</span>;
}

export function Section({ title, count, actions, children, className }: { title: string; count?: number | undefined; actions?: ReactNode; children: ReactNode; className?: string }) {
  return (
    <section className={classes('card', className)} aria-label={title}>
      <div className="flex min-h-10 flex-wrap items-center gap-2 border-b border-line px-3 py-1.5">
        <h2 className="font-semibold">{title}</h2>
        {count !== undefined && <span className="text-ink-3">{count.toLocaleString('en')}</span>}
        <div className="ml-auto flex flex-wrap items-center gap-1.5">{actions}</div>
      </div>
      {children}
    </section>
  );
}

export function Tick({ isSelected, onChange, children }: { isSelected: boolean; onChange: (selected: boolean) => void; children: ReactNode }) {
  return (
    <Checkbox isSelected={isSelected} onChange={onChange} className="group flex w-fit cursor-pointer items-center gap-2">
      <span className={classes('flex size-4 items-center justify-center rounded border group-data-focus-visible:outline-2 group-data-focus-visible:outline-accent', isSelected ? 'border-accent bg-accent text-on-accent' : 'border-line-strong bg-surface')}>
        {isSelected && <Icon name="check" size={12} />}
      </span>
      {children}
    </Checkbox>
  );
}
