// `/workflows/ID` leads to the latest run of the id.
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Navigate } from '@tanstack/react-router';
import * as temporal from '../api/temporal';
import { Failed, Loading } from '../components/basics';

const route = getRouteApi('/namespaces/$ns/workflows/$id');

export function LatestRunPage() {
  const { ns, id } = route.useParams();
  const latest = useQuery({
    queryKey: ['latest-run', ns, id],
    queryFn: ({ signal }) => temporal.describeWorkflow({ namespace: ns, workflowId: id, runId: '' }, signal),
  });
  const run = latest.data?.workflowExecutionInfo?.execution?.runId;
  if (run) return <Navigate to="/namespaces/$ns/workflows/$id/$run/$tab" params={{ ns, id, run, tab: 'history' }} replace />;
  return <div className="pt-6">{latest.error ? <Failed error={latest.error} what={`Workflow ${id}`} retry={() => void latest.refetch()} /> : <Loading />}</div>;
}
