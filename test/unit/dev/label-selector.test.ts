import { describe, expect, it } from 'vitest';
import { parseLabelSelector } from '../../../dev/api-server/store/label-selector.js';

const labels = { app: 'cart', tier: 'web', 'example.org/x': '' };

describe(parseLabelSelector, () => {
  it.each([
    ['', true],
    ['app=cart', true],
    ['app==cart', true],
    ['app=other', false],
    ['app!=cart', false],
    ['app!=other', true],
    ['absent!=x', true],
    ['absent=x', false],
    ['app', true],
    ['absent', false],
    ['!absent', true],
    ['!app', false],
    ['app in (a, cart)', true],
    ['app in (a,b)', false],
    ['absent in (a)', false],
    ['app notin (a,b)', true],
    ['app notin (cart)', false],
    ['absent notin (a)', true],
    ['example.org/x=', true],
    ['app in (cart,b),tier=web', true],
    ['app in (cart,b),tier!=web', false],
  ])('%s: %s', (selector, matches) => {
    expect(parseLabelSelector(selector)(labels)).toBe(matches);
  });

  it.each(['app=a b', '=x', 'app in cart', 'app>1', 'a,,b'])('refuses %s', (selector) => {
    expect(() => parseLabelSelector(selector)).toThrow('unable to parse requirement');
  });
});
