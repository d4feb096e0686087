import { describe, expect, it } from 'vitest';
import { expectation, flagsOf, modes, sharedOnlyFlag } from '../../golden/expectation.js';
import type { GoldenCase, GoldenStep } from '../../golden/golden-case.js';
import { goldenCases } from '../../golden/golden-case.js';
import type { KubeObject } from '../../../src/modules/kubernetes/kube-api.js';
import { keyOf, ProjectionReplay } from './projection-replay.js';

/** Golden cases that only apply and delete objects, through the projections alone; the others need a process and an etcd. */
const isPure = (step: GoldenStep): boolean => 'apply' in step || 'delete' in step;
const cases = goldenCases.filter(({ steps }) => steps.length > 0 && steps.every(isPure));

/**
 * The recording of this case carries no mark, but its second step shows the stale key of difference 12 (golden/README.md), as the
 * marked case `service-becomes-external-name-stays-stale` does: a Service of type ExternalName has no key with us.
 */
const unmarkedDifference = { name: 'service-becomes-external-name-then-deleted', step: 1, expected: {} };

function replayFor(flags: readonly string[]): ProjectionReplay {
  return new ProjectionReplay({
    ctx: { clusterName: 'east', clusterId: 3 },
    exportAll: !flags.includes(sharedOnlyFlag),
    backends: flags.includes('--enable-k8s-endpoint-slice=false') ? 'endpoints' : 'slice',
  });
}

function perform(sut: ProjectionReplay, step: GoldenStep): void {
  if ('apply' in step) for (const object of step.apply) sut.apply(object);
  if ('delete' in step) for (const object of step.delete) sut.delete(object);
}

/** What the API server holds after all steps, the latest first: a list comes in no particular order. */
function finalObjects({ steps }: GoldenCase): KubeObject[] {
  const objects = new Map<string, KubeObject>();
  for (const step of steps) {
    for (const object of 'apply' in step ? step.apply : []) objects.set(idOf(object), object);
    for (const object of 'delete' in step ? step.delete : []) objects.delete(idOf(object));
  }
  return [...objects.values()].reverse();
}

const idOf = (object: KubeObject): string => `${object.kind} ${keyOf(object)}`;

describe('golden cases of k8s-sync, projections alone', () => {
  it('are there', () => {
    expect(cases.length).toBeGreaterThan(100);
  });

  for (const golden of cases) {
    for (const mode of modes(golden)) {
      const expected = expectation(golden, mode);

      it(`${golden.name} (${mode})`, () => {
        const sut = replayFor(flagsOf(golden, mode));

        golden.steps.forEach((step, i) => {
          perform(sut, step);
          const { name, step: differs, expected: ours } = unmarkedDifference;
          const afterStep = golden.name === name && i === differs ? ours : expected.afterStep[i];
          if (afterStep) expect(sut.wanted(), `after step ${i + 1}`).toStrictEqual(afterStep);
        });

        expect(expected.final).toContainEqual(sut.wanted());
      });

      if (expected.freshStart === undefined) continue;
      it(`${golden.name} (${mode}, started after all steps)`, () => {
        const sut = replayFor(flagsOf(golden, mode));

        for (const object of finalObjects(golden)) sut.apply(object);

        expect(sut.wanted()).toStrictEqual(expected.freshStart);
      });
    }
  }
});
