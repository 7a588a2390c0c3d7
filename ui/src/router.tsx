// Addresses and what stands at them. Those that Temporal's UI has lead to ours.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { Loading } from './components/basics';
import { RouteFailed, RouteMissing, Shell } from './components/shell';
import { settings } from './lib/settings';

/** Values of the address's query, which are texts and nothing else, as in Temporal's UI. */
type Search = Record<string, string>;

const parseSearch = (text: string): Search => Object.fromEntries(new URLSearchParams(text));
const stringifySearch = (search: Record<string, unknown>): string => {
  const given = Object.entries(search).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '');
  const text = new URLSearchParams(given).toString();
  return text ? `?${text}` : '';
};

/** The named values of the query, where they are there. */
const only =
  <Name extends string>(...names: Name[]) =>
  (search: Record<string, unknown>): Partial<Record<Name, string>> =>
    Object.fromEntries(names.filter((name) => typeof search[name] === 'string').map((name) => [name, search[name]])) as Partial<Record<Name, string>>;

const root = createRootRoute({ component: Shell, notFoundComponent: RouteMissing });
const getParentRoute = () => root;

const index = createRoute({
  getParentRoute,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/namespaces/$ns/workflows', params: { ns: settings().namespace } });
  },
});

const overview = createRoute({ getParentRoute, path: '/overview', component: lazyRouteComponent(() => import('./screens/overview'), 'OverviewPage') });
const topics = createRoute({ getParentRoute, path: '/topics', component: lazyRouteComponent(() => import('./screens/topics'), 'TopicsPage') });
const topic = createRoute({
  getParentRoute,
  path: '/topics/$topic',
  validateSearch: only('partition', 'key', 'offset'),
  component: lazyRouteComponent(() => import('./screens/topic'), 'TopicPage'),
});
const triggers = createRoute({ getParentRoute, path: '/triggers', component: lazyRouteComponent(() => import('./screens/triggers'), 'TriggersPage') });
const trigger = createRoute({ getParentRoute, path: '/triggers/$trigger', component: lazyRouteComponent(() => import('./screens/trigger'), 'TriggerPage') });
const partitions = createRoute({ getParentRoute, path: '/partitions', component: lazyRouteComponent(() => import('./screens/partitions'), 'PartitionsPage') });

const namespaces = createRoute({ getParentRoute, path: '/namespaces', component: lazyRouteComponent(() => import('./screens/namespaces'), 'NamespacesPage') });
const namespace = createRoute({ getParentRoute, path: '/namespaces/$ns', component: lazyRouteComponent(() => import('./screens/namespace'), 'NamespacePage') });

const workflows = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/workflows',
  validateSearch: only('query', 'start'),
  component: lazyRouteComponent(() => import('./screens/workflows'), 'WorkflowsPage'),
});
const startWorkflow = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/workflows/start-workflow',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/namespaces/$ns/workflows', params, search: { start: 'yes' } });
  },
});
const workflow = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/workflows/$id',
  component: lazyRouteComponent(() => import('./screens/latest-run'), 'LatestRunPage'),
});
const run = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/workflows/$id/$run',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/namespaces/$ns/workflows/$id/$run/$tab', params: { ...params, tab: 'history' }, replace: true });
  },
});
const runTab = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/workflows/$id/$run/$tab',
  validateSearch: only('view', 'event', 'find', 'reset'),
  component: lazyRouteComponent(() => import('./screens/run'), 'RunPage'),
});
const runEvent = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/workflows/$id/$run/history/events/$event',
  beforeLoad: ({ params: { event, ...params } }) => {
    throw redirect({ to: '/namespaces/$ns/workflows/$id/$run/$tab', params: { ...params, tab: 'history' }, search: { event, view: 'all' }, replace: true });
  },
});

const schedules = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/schedules',
  validateSearch: only('query'),
  component: lazyRouteComponent(() => import('./screens/schedules'), 'SchedulesPage'),
});
const createSchedule = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/schedules/create',
  component: lazyRouteComponent(() => import('./screens/schedule-edit'), 'CreateSchedulePage'),
});
const schedule = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/schedules/$id',
  component: lazyRouteComponent(() => import('./screens/schedule'), 'SchedulePage'),
});
const editSchedule = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/schedules/$id/edit',
  component: lazyRouteComponent(() => import('./screens/schedule-edit'), 'EditSchedulePage'),
});

const taskQueues = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/task-queues',
  component: lazyRouteComponent(() => import('./screens/task-queues'), 'TaskQueuesPage'),
});
const taskQueue = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/task-queues/$queue',
  component: lazyRouteComponent(() => import('./screens/task-queue'), 'TaskQueuePage'),
});
const workers = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/workers',
  validateSearch: only('query'),
  component: lazyRouteComponent(() => import('./screens/workers'), 'WorkersPage'),
});
const worker = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/workers/$key',
  component: lazyRouteComponent(() => import('./screens/worker'), 'WorkerPage'),
});

const batches = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/batch-operations',
  component: lazyRouteComponent(() => import('./screens/batches'), 'BatchesPage'),
});
const batch = createRoute({
  getParentRoute,
  path: '/namespaces/$ns/batch-operations/$job',
  component: lazyRouteComponent(() => import('./screens/batch'), 'BatchPage'),
});

const routeTree = root.addChildren([
  index, overview, topics, topic, triggers, trigger, partitions, namespaces, namespace, workflows, startWorkflow, workflow, run, runTab, runEvent, schedules,
  createSchedule, schedule, editSchedule, taskQueues, taskQueue, workers, worker, batches, batch,
]);

export const router = createRouter({
  routeTree,
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  defaultPendingMs: 300,
  defaultErrorComponent: RouteFailed,
  defaultNotFoundComponent: RouteMissing,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
