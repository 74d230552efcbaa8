/**
 * The table of -c. Interface: Summary, newSummary.
 */
export interface Summary {
  count(name: string, ns: number, isError: boolean): void;
  /** The table, most time first. */
  table(): string;
}

interface Row {
  readonly name: string;
  ns: number;
  calls: number;
  errors: number;
}

const RULE = '------ ----------- ----------- --------- --------- ----------------\n';
const HEAD = '% time     seconds  usecs/call     calls    errors syscall\n';

export function newSummary(): Summary {
  const rows = new Map<string, Row>();
  return {
    count(name, ns, isError) {
      let row = rows.get(name);
      if (row === undefined) rows.set(name, (row = { name, ns: 0, calls: 0, errors: 0 }));
      row.ns += ns;
      row.calls++;
      if (isError) row.errors++;
    },
    table() {
      const all = [...rows.values()].sort((a, b) => b.ns - a.ns || b.calls - a.calls || (a.name < b.name ? -1 : 1));
      const total: Row = { name: 'total', ns: 0, calls: 0, errors: 0 };
      for (const row of all) {
        total.ns += row.ns;
        total.calls += row.calls;
        total.errors += row.errors;
      }
      return HEAD + RULE + all.map((row) => line(row, total.ns)).join('') + RULE + line(total, total.ns, true);
    },
  };
}

function line({ name, ns, calls, errors }: Row, totalNs: number, isTotal = false): string {
  const share = totalNs === 0 ? (isTotal ? 100 : 0) : (100 * ns) / totalNs;
  const cells = [
    share.toFixed(2).padStart(6),
    (ns / 1e9).toFixed(6).padStart(11),
    String(calls === 0 ? 0 : Math.floor(ns / 1000 / calls)).padStart(11),
    String(calls).padStart(9),
    (errors === 0 ? '' : String(errors)).padStart(9),
    name,
  ];
  return `${cells.join(' ')}\n`;
}
