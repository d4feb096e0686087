import stock from '../fixtures/stock-chart-args.json' with { type: 'json' };

/** One container as Cilium's chart renders it (spec/operations.md §10.2), for some values. */
export type StockRow = (typeof stock.rows)[number];

/** @param container default: all. */
export function stockRows(container?: string): StockRow[] {
  return stock.rows.filter((row) => container === undefined || row.container === container);
}

/** The kubelet's replacement of `$(NAME)` by the container's environment, some of which may be replaced first. */
export function expandedArgs(row: StockRow, env: Readonly<Record<string, string>> = {}): string[] {
  const values = new Map(Object.entries({ ...row.env, ...env }));
  return row.args.map((arg) =>
    arg.replace(/\$\((\w+)\)/g, (whole, name: string) => values.get(name) ?? whole),
  );
}
