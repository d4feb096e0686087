import { describe, expect, it } from 'vitest';
import { rfc3339 } from '../../../src/common/rfc3339.js';

const at = Date.UTC(2026, 10, 23, 13, 9, 33, 987);

describe(rfc3339.name, () => {
  it('cuts milliseconds and prints Z for UTC', () => {
    expect(rfc3339(at, 0)).toBe('2026-11-23T13:09:33Z');
  });

  it('prints the offset of other zones', () => {
    expect(rfc3339(at, -300)).toBe('2026-11-23T08:09:33-05:00');
    expect(rfc3339(at, 345)).toBe('2026-11-23T18:54:33+05:45');
    expect(rfc3339(at, 720)).toBe('2026-11-24T01:09:33+12:00');
  });

  it("takes the process's zone by itself", () => {
    expect(rfc3339(at)).toBe(rfc3339(at, -new Date(at).getTimezoneOffset()));
    expect(Date.parse(rfc3339(at))).toBe(at - 987);
  });
});
