import { Etcd3, type IKeyValue } from 'etcd3';

/** Every put and delete under the prefix, with the monotonic ms of its arrival. Resolves with the end of it. */
export async function watchKeys(
  endpoint: string,
  prefix: string,
  onEvent: (entry: IKeyValue, at: number, deleted: boolean) => void,
): Promise<() => Promise<void>> {
  const client = new Etcd3({ hosts: endpoint });
  const watcher = await client.watch().prefix(prefix).create();
  watcher.on('put', (entry) => onEvent(entry, performance.now(), false));
  watcher.on('delete', (entry) => onEvent(entry, performance.now(), true));
  return async () => {
    await watcher.cancel();
    client.close();
  };
}
