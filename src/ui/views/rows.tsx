/** I/O: a list of any length: only rows that can be seen are there, and only their pages are asked for. */
import type { ComponentChildren } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { get, RefusedError } from '../connection.ts';
import { type Loaded, pageSize, pagesOf, rangeAt, withPage } from '../rows.ts';
import { connection, say } from '../state.ts';
import { Waiting } from './answer.tsx';

/** Milliseconds until a question is asked again that the server could not hear. */
const retryAfter = 2000;
/** Milliseconds between two looks at which pages are missing. */
const fillAfter = 60;

/** A window of a list, as the server answers. */
interface Answer<Row> {
  readonly total: number;
  readonly rows: readonly Row[];
}

/**
 * A list at this address. Until its first page is there, the one before stays.
 * @param address the path with its filters; `offset` and `limit` are put behind it
 * @param version another one asks again
 */
export function useRows<Page extends Answer<unknown>>(address: string, version: number) {
  const [loaded, setLoaded] = useState<Loaded<Page>>();
  const [error, setError] = useState<string>();
  const coming = useRef(new Set<string>());
  const current = useRef('');
  const key = `${version} ${address}`;

  const fetchPage = useCallback(
    (number: number) => {
      const mark = `${key} ${number}`;
      if (current.current !== key || coming.current.has(mark)) return;
      coming.current.add(mark);
      get<Page>(connection, `${address}&offset=${number * pageSize}&limit=${pageSize}`).then(
        (page) => {
          coming.current.delete(mark);
          if (current.current !== key) return;
          setError(undefined);
          setLoaded((was) => {
            const empty = { address: key, total: page.total, pages: new Map() };
            return withPage(was?.address === key ? was : empty, number, page);
          });
        },
        (reason: unknown) => {
          coming.current.delete(mark);
          if (current.current !== key) return;
          setError(reason instanceof Error ? reason.message : String(reason));
          if (!(reason instanceof RefusedError)) setTimeout(() => fetchPage(number), retryAfter);
        },
      );
    },
    [address, key],
  );

  useEffect(() => {
    current.current = key;
    fetchPage(0);
    return () => {
      current.current = '';
    };
  }, [key, fetchPage]);
  const isCurrent = loaded?.address === key;
  return { address, loaded, error, fetchPage: isCurrent ? fetchPage : undefined };
}

interface RowsProps<Page> {
  readonly label: string;
  readonly address: string;
  readonly loaded: Loaded<Page> | undefined;
  readonly error: string | undefined;
  readonly fetchPage: ((number: number) => void) | undefined;
  /** The cells of the table's head. */
  readonly head: ComponentChildren;
  /** The cells of the row at a place of a page. */
  readonly cells: (page: Page, place: number, index: number) => ComponentChildren;
}

/** The list as a table that scrolls; arrow keys go from row to row. */
export function Rows<Page>(props: RowsProps<Page>) {
  const { label, address, loaded, error, fetchPage, head, cells } = props;
  const frame = useRef<HTMLElement>(null);
  const [place, setPlace] = useState({ top: 0, height: 600, rowHeight: 72 });
  const total = loaded?.total ?? 0;
  const range = rangeAt(place, total);

  const look = useCallback(() => {
    const inside = frame.current;
    if (!inside) return;
    const rowHeight = inside.querySelector<HTMLElement>('tr[data-row]')?.offsetHeight || 72;
    const top = Math.floor(inside.scrollTop / rowHeight) * rowHeight;
    const height = inside.clientHeight;
    setPlace((was) => {
      const isSame = was.top === top && was.height === height && was.rowHeight === rowHeight;
      return isSame ? was : { top, height, rowHeight };
    });
  }, []);
  useLayoutEffect(look, [look, loaded]);
  useEffect(() => {
    const inside = frame.current;
    if (!inside) return undefined;
    const resized = new ResizeObserver(look);
    resized.observe(inside);
    return () => resized.disconnect();
  }, [look, total === 0]);
  // another list begins at its top
  useLayoutEffect(() => frame.current?.scrollTo(0, 0), [address]);
  const timer = useRef(0);
  const fill = useRef(() => {});
  fill.current = () => {
    timer.current = 0;
    if (fetchPage)
      for (const number of pagesOf(range)) if (!loaded?.pages.has(number)) fetchPage(number);
  };
  useEffect(() => {
    // whoever scrolls far does not ask for all that goes by
    timer.current ||= setTimeout(() => fill.current(), fillAfter);
  });

  /** A row that the keyboard has gone to before it was there. */
  const wanted = useRef<number | undefined>(undefined);
  const goTo = (index: number) => {
    const link = frame.current?.querySelector<HTMLElement>(
      `tr[data-row="${index}"] :is(a, button)`,
    );
    wanted.current = link ? undefined : index;
    link?.focus();
  };
  useLayoutEffect(() => {
    const isStill = frame.current?.contains(document.activeElement);
    if (wanted.current !== undefined && isStill) goTo(wanted.current);
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = (event.target as HTMLElement).closest<HTMLElement>('tr[data-row]');
    if (step === undefined || !row) return;
    const index = Number(row.dataset.row) + step;
    if (index < 0 || index >= total) return;
    event.preventDefault();
    goTo(index);
  };

  if (!loaded) return <Waiting error={error} />;
  const indices = Array.from({ length: range.end - range.first }, (_, i) => range.first + i);
  return (
    <>
      {error !== undefined && <p role="alert">{error}</p>}
      <p role="status" class="count">
        {total === 0
          ? say('noneLikeThat')
          : say('count', { count: total.toLocaleString(document.documentElement.lang) })}
      </p>
      {total > 0 && (
        <section class="rows" aria-label={label} ref={frame} onScroll={look}>
          <table aria-rowcount={total + 1}>
            <thead>
              <tr aria-rowindex={1}>{head}</tr>
            </thead>
            <Gap height={range.first * place.rowHeight} />
            <tbody onKeyDown={onKeyDown}>
              {indices.map((index) => {
                const page = loaded.pages.get(Math.floor(index / pageSize));
                return (
                  <tr key={index} data-row={index} aria-rowindex={index + 2}>
                    {page ? cells(page, index % pageSize, index) : <td colSpan={20}>…</td>}
                  </tr>
                );
              })}
            </tbody>
            <Gap height={(total - range.end) * place.rowHeight} />
          </table>
        </section>
      )}
    </>
  );
}

/** In the place of rows that are not there. */
function Gap({ height }: { readonly height: number }) {
  if (height <= 0) return null;
  return (
    <tbody aria-hidden="true">
      <tr style={{ height: `${height}px` }} />
    </tbody>
  );
}
