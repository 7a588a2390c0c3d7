// Links to what has a page.
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { classes } from './basics';
import { Icon } from './icons';

interface LinkProps {
  className?: string;
  children?: ReactNode;
}

/** `run` empty: the latest. */
export function RunLink({ ns, id, run, className, children }: LinkProps & { ns: string; id: string; run: string | undefined }) {
  const shared = { className: classes('link', className), title: id };
  return run ? (
    <Link to="/namespaces/$ns/workflows/$id/$run/$tab" params={{ ns, id, run, tab: 'history' }} {...shared}>
      {children ?? id}
    </Link>
  ) : (
    <Link to="/namespaces/$ns/workflows/$id" params={{ ns, id }} {...shared}>
      {children ?? id}
    </Link>
  );
}

export function ScheduleLink({ ns, id, className, children }: LinkProps & { ns: string; id: string }) {
  return (
    <Link to="/namespaces/$ns/schedules/$id" params={{ ns, id }} className={classes('link', className)} title={id}>
      {children ?? id}
    </Link>
  );
}

export function QueueLink({ ns, queue, className }: LinkProps & { ns: string; queue: string }) {
  return (
    <Link to="/namespaces/$ns/task-queues/$queue" params={{ ns, queue }} className={classes('link', className)} title={queue}>
      {queue}
    </Link>
  );
}

/** To the page above; `children` is a link. */
export function Up({ children }: { children: ReactNode }) {
  return (
    <div className="inline-flex items-center gap-1 pt-3 text-xs text-ink-3 [&>a:hover]:text-ink">
      <Icon name="back" size={13} />
      {children}
    </div>
  );
}
