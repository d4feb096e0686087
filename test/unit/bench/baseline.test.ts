import { describe, expect, it } from 'vitest';
import { moved, withoutBaseline } from '../../bench/baseline.js';

const small = { nodes: 10, endpoints: 100 };
const baseline = [
  { question: 'restart', ...small, readySeconds: 5, writes: 10, stateWrites: 0, errors: 0 },
  { question: 'idle', ...small, percent: 2 },
];

describe(moved, () => {
  it('tells what is more than a tenth more or less than before', () => {
    const now = { question: 'restart', ...small, readySeconds: 5.4, writes: 8, stateWrites: 0, errors: 0 };
    expect(moved([now], baseline)).toEqual([
      { question: 'restart', figure: 'writes', before: 10, now: 8, ratio: 0.8 },
    ]);
  });

  it('tells what was nothing before', () => {
    const now = { question: 'restart', ...small, readySeconds: 5, writes: 0, stateWrites: 465, errors: 0 };
    expect(moved([now], baseline)).toEqual([
      { question: 'restart', figure: 'writes', before: 10, now: 0, ratio: 0 },
      { question: 'restart', figure: 'stateWrites', before: 0, now: 465, ratio: 'from 0' },
    ]);
  });

  it('compares only with the same question of the same shape', () => {
    const others = [
      { question: 'restart', ...small, nodes: 20, writes: 99 },
      { question: 'churn', ...small, writes: 99 },
    ];
    expect(moved(others, baseline)).toEqual([]);
  });
});

describe(withoutBaseline, () => {
  it('names the questions that have none of their shape', () => {
    const results = [
      { question: 'idle', ...small, percent: 9 },
      { question: 'restart', ...small, nodes: 20 },
      { question: 'churn', ...small },
    ];
    expect(withoutBaseline(results, baseline)).toEqual(['restart', 'churn']);
  });
});
