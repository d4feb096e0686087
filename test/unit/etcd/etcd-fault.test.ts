import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { etcdFault, etcdFaultOf } from '../../../src/modules/etcd/etcd-fault.js';
import { EtcdFault, type EtcdFaultKind } from '../../../src/modules/etcd/kv.js';

const grpc = (code: status, details: string): Error =>
  Object.assign(new Error(`${code} ${status[code]}: ${details}`), { code, details });

describe(etcdFault.name, () => {
  // Texts as etcd 3.4 and 3.5, grpc-go and grpc-js say them.
  it.each<[EtcdFaultKind, status, string]>([
    ['lease-not-found', status.NOT_FOUND, 'etcdserver: requested lease not found'],
    ['too-many-operations', status.INVALID_ARGUMENT, 'etcdserver: too many operations in txn request'],
    ['too-large', status.INVALID_ARGUMENT, 'etcdserver: request is too large'],
    ['too-large', status.RESOURCE_EXHAUSTED, 'grpc: received message larger than max (3000045 vs. 2097152)'],
    ['too-large', status.RESOURCE_EXHAUSTED, 'trying to send message larger than max (3000045 vs. 2097152)'],
    ['no-space', status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'],
    ['compacted', status.OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'],
    ['duplicate-key', status.INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request'],
    ['permission-denied', status.PERMISSION_DENIED, 'etcdserver: permission denied'],
    ['unauthenticated', status.UNAUTHENTICATED, 'etcdserver: invalid auth token'],
    ['unauthenticated', status.INVALID_ARGUMENT, 'etcdserver: user name is empty'],
    ['unauthenticated', status.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old'],
    [
      'unauthenticated',
      status.INVALID_ARGUMENT,
      'etcdserver: authentication failed, invalid user ID or password',
    ],
    ['timeout', status.UNAVAILABLE, 'etcdserver: request timed out, possibly due to previous leader failure'],
    ['timeout', status.DEADLINE_EXCEEDED, 'Deadline exceeded after 0.2s,remote_addr=127.0.0.1:2379'],
    ['unavailable', status.UNAVAILABLE, 'etcdserver: no leader'],
    ['unavailable', status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests'],
    ['unavailable', status.INTERNAL, 'Received RST_STREAM with code 2 (Internal server error)'],
    ['unavailable', status.CANCELLED, 'Call cancelled'],
    ['other', status.UNKNOWN, 'something new'],
    ['other', status.RESOURCE_EXHAUSTED, 'something full'],
  ])('is %s for %i %s', (kind, code, details) => {
    const cause = grpc(code, details);
    const fault = etcdFault(cause);
    expect(fault).toBeInstanceOf(EtcdFault);
    expect(fault).toMatchObject({ kind, message: details, cause });
  });

  it.each<[EtcdFaultKind, string]>([
    ['unavailable', 'connect ECONNREFUSED 127.0.0.1:2379'],
    ['unauthenticated', 'unable to verify the first certificate'],
    ['unauthenticated', 'self-signed certificate in certificate chain'],
    ['unauthenticated', 'C0:error:0A000412:SSL routines:ssl3_read_bytes:sslv3 alert bad certificate'],
  ])('is %s without gRPC’s wording: %s', (kind, cause) => {
    const details = `No connection established. Last error: Error: ${cause}. Resolution note: `;
    expect(etcdFault(grpc(status.UNAVAILABLE, details))).toMatchObject({ kind, message: cause });
  });

  it('tells the caller’s cancellation from a broken connection', () => {
    const cancelled = grpc(status.CANCELLED, 'Cancelled on client');
    expect(etcdFault(cancelled, AbortSignal.abort())).toMatchObject({ kind: 'aborted', retryable: false });
    expect(etcdFault(cancelled, new AbortController().signal)).toMatchObject({ kind: 'unavailable' });
    expect(etcdFault(grpc(status.UNAVAILABLE, 'gone'), AbortSignal.abort())).toMatchObject({
      kind: 'unavailable',
    });
  });

  it('leaves a fault as it is, and takes anything', () => {
    const fault = new EtcdFault('x', 'no-space');
    expect(etcdFault(fault)).toBe(fault);
    expect(etcdFault('text')).toMatchObject({ kind: 'other', message: 'text' });
  });
});

describe(etcdFaultOf.name, () => {
  it('reads the reason of a cancelled watch', () => {
    expect(
      etcdFaultOf('rpc error: code = PermissionDenied desc = etcdserver: permission denied'),
    ).toMatchObject({
      kind: 'permission-denied',
      message: 'etcdserver: permission denied',
    });
  });
});
