import { bundleFunctions } from '../../lib/function-bundles';

/** The templates refer to the bundles as assets, so those have to exist before a synthesis. */
export default function setup(): void {
  bundleFunctions();
}
