import type { CallOutput } from '@sagewai/sdk';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { call, connection } from '../api/server.ts';
import { VerifyPanel } from '../evidence/verify-panel.tsx';
import { SavedViews } from '../shell/saved-views.tsx';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { DownloadButton } from '../ui/download-button.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Entry = CallOutput<'trust.listAudit'>['entries'][number];

const PAGE = 100;

export function AuditPage(): ReactElement {
  const search = useSearch({ from: '/audit' });
  const navigate = useNavigate({ from: '/audit' });
  const { organization } = connection.use();
  const query = useInfiniteQuery({
    queryKey: ['trust.listAudit', search, organization],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      call(
        'trust.listAudit',
        { query: { ...search, limit: PAGE, ...(pageParam === null ? {} : { cursor: pageParam }) } },
        { signal },
      ),
    getNextPageParam: (page) => page.next_cursor,
  });
  const filter = (name: 'action' | 'outcome', value: string): void => {
    const { [name]: _, ...others } = search;
    void navigate({ search: value === '' ? others : { ...others, [name]: value }, replace: true });
  };
  return (
    <Page
      title="Audit log"
      about="Who did what, and what came of it. Nothing here can be changed; newest first."
      actions={
        <>
          <SavedViews />
          <DownloadButton
            id="trust.exportAudit"
            input={{ query: { format: 'jsonl' } }}
            name="audit.jsonl"
          >
            Export
          </DownloadButton>
        </>
      }
    >
      <VerifyPanel />
      {query.error === null ? null : (
        <Failure error={query.error} again={() => void query.refetch()} />
      )}
      <Panel isFlush>
        <div className="border-line grid gap-3 border-b p-3 sm:grid-cols-2">
          <Field
            label="Action"
            data-search
            placeholder="fleet.approveWorker"
            defaultValue={search.action ?? ''}
            onChange={(event) => filter('action', event.target.value.trim())}
          />
          <Field
            label="Outcome"
            placeholder="ok"
            defaultValue={search.outcome ?? ''}
            onChange={(event) => filter('outcome', event.target.value.trim())}
          />
        </div>
        {query.data === undefined ? null : (
          <Table<Entry>
            label="Audit log"
            rows={query.data.pages.flatMap((page) => page.entries)}
            keyOf={({ seq }) => String(seq)}
            empty={
              <Empty
                what="No entry is like that. All of them are listed by"
                command="sagewai audit list"
              />
            }
            columns={[
              { name: 'Entry', show: ({ seq }) => seq, isNumber: true },
              { name: 'When', show: ({ at }) => <Time at={at} /> },
              {
                name: 'Action',
                show: ({ action }) => <code className="font-mono text-xs">{action}</code>,
              },
              {
                name: 'Outcome',
                show: ({ outcome }) => (
                  <Badge tone={outcome === 'ok' ? 'ok' : 'bad'}>{outcome}</Badge>
                ),
              },
              { name: 'Who', show: ({ actor }) => <Cut text={actor} />, isExtra: true },
              { name: 'On what', show: ({ subject }) => <Cut text={subject} />, isExtra: true },
              { name: 'Details', show: ({ details }) => <Cut text={details} />, isExtra: true },
              { name: 'Request', show: ({ request_id: id }) => <Cut text={id} />, isExtra: true },
            ]}
          />
        )}
        {query.hasNextPage ? (
          <div className="border-line border-t p-3">
            <Button disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              Older entries
            </Button>
          </div>
        ) : null}
      </Panel>
    </Page>
  );
}

function Cut({ text }: { text: string }): ReactElement {
  return (
    <span title={text} className="block max-w-52 truncate">
      {text}
    </span>
  );
}
