import type { EtcdChange, EtcdEntry } from './etcd-gateway.js';

const lineLength = 150;

/** One line for each key, with the beginning of its value. */
export function printKeys(entries: readonly EtcdEntry[]): void {
  const width = Math.max(...entries.map(({ key }) => key.length), 0);
  for (const { key, value } of entries) console.log(`  ${key.padEnd(width)}  ${shortened(value, width)}`);
}

/** One line for a change. */
export function printChange({ type, key, value }: EtcdChange): void {
  const time = new Date().toTimeString().slice(0, 8);
  console.log(
    `${time}  ${type === 'put' ? `PUT     ${key}  ${shortened(value, key.length)}` : `DELETE  ${key}`}`,
  );
}

function shortened(value: string, width: number): string {
  const room = Math.max(lineLength - width, 30);
  const text = value.replaceAll(/\s+/g, ' ');
  return text.length <= room ? text : `${text.slice(0, room)}…`;
}
