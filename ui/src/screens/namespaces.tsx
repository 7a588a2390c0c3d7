// Namespaces: which there are, and new ones.
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import type { DescribeNamespaceResponse } from '../api/messages';
import * as temporal from '../api/temporal';
import { Badge, Button, Failed, Loading, PageHeader } from '../components/basics';
import { ActionDialog, Field } from '../components/dialogs';
import { type Column, Grid } from '../components/grid';
import { humanDuration, parseProtoDuration, parseTypedDuration, toProtoDuration } from '../lib/duration';
import { words } from '../lib/words';

const COLUMNS: Column<DescribeNamespaceResponse>[] = [
  {
    id: 'name',
    header: 'Namespace',
    width: 'minmax(10rem, 1fr)',
    cell: ({ namespaceInfo: info }) => (
      <Link to="/namespaces/$ns" params={{ ns: info?.name ?? '' }} className="link font-medium">
        {info?.name}
      </Link>
    ),
    sort: (row) => row.namespaceInfo?.name ?? '',
  },
  { id: 'state', header: 'State', width: '7rem', cell: ({ namespaceInfo: info }) => <Badge tone={info?.state === 'NAMESPACE_STATE_REGISTERED' ? 'green' : 'grey'}>{words(info?.state, 'NAMESPACE_STATE_')}</Badge> },
  { id: 'retention', header: 'Retention', width: '7rem', cell: ({ config }) => humanDuration(parseProtoDuration(config?.workflowExecutionRetentionTtl) ?? 0), sort: ({ config }) => parseProtoDuration(config?.workflowExecutionRetentionTtl) ?? 0 },
  { id: 'owner', header: 'Owner', width: 'minmax(8rem, 1fr)', cell: ({ namespaceInfo: info }) => info?.ownerEmail },
  { id: 'description', header: 'Description', width: 'minmax(12rem, 2fr)', cell: ({ namespaceInfo: info }) => info?.description },
];

export function NamespacesPage() {
  const list = useQuery({ queryKey: ['namespaces'], queryFn: ({ signal }) => temporal.listNamespaces(signal) });
  const [creating, setCreating] = useState(false);
  return (
    <>
      <PageHeader title="Namespaces" count={list.data?.namespaces?.length}>
        <Button kind="primary" icon="plus" onPress={() => setCreating(true)}>
          Create a namespace
        </Button>
      </PageHeader>
      {list.error && !list.data ? (
        <Failed error={list.error} what="The namespaces" retry={() => void list.refetch()} />
      ) : !list.data ? (
        <div className="card">
          <Loading />
        </div>
      ) : (
        <Grid label="Namespaces" rows={list.data.namespaces ?? []} columns={COLUMNS} rowKey={(row) => row.namespaceInfo?.id ?? row.namespaceInfo?.name ?? ''} empty={null} />
      )}
      <CreateDialog isOpen={creating} onClose={() => setCreating(false)} onDone={() => void list.refetch()} />
    </>
  );
}

/** A duration that was typed, as the API wants it; throws what is wrong. */
export function retentionOf(text: string): string {
  const length = parseTypedDuration(text);
  if (length === undefined) throw new Error(`“${text}” is no duration. Write 72h or 30d.`);
  return toProtoDuration(length);
}

function CreateDialog({ onDone, ...props }: { isOpen: boolean; onClose: () => void; onDone: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [owner, setOwner] = useState('');
  const [retention, setRetention] = useState('3d');
  const act = async () => {
    await temporal.registerNamespace({ namespace: name, description, ownerEmail: owner, workflowExecutionRetentionPeriod: retentionOf(retention) });
    await navigate({ to: '/namespaces/$ns', params: { ns: name } });
  };
  return (
    <ActionDialog title="Create a namespace" verb="Create" act={act} onDone={onDone} {...props}>
      <Field label="Name" value={name} onChange={setName} isRequired autoFocus hint="It cannot be changed later." />
      <Field label="Retention" value={retention} onChange={setRetention} isRequired hint="For so long runs stay after their end: 24h, 3d, 30d." />
      <Field label="Description" value={description} onChange={setDescription} />
      <Field label="Owner's e-mail" value={owner} onChange={setOwner} />
    </ActionDialog>
  );
}
