import { connect } from 'node:net';
import type { HostAndPort } from './host-and-port.js';

const timeoutMs = 3_000;

/** Whether a TCP connection from here comes about. */
export function reachesByTcp(address: HostAndPort): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...address, timeout: timeoutMs });
    const end = (reached: boolean): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}
