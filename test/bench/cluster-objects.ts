import type { TestObject } from '../support/kube-client.js';
import type { Shape } from './shape.js';

/** Endpoint `index` of the cluster, as the generator makes it. */
export declare function endpointObject(shape: Shape, index: number): TestObject;
export declare function clusterObjects(shape: Shape): Iterable<TestObject>;
