/**
 * A construct as its CDK interface. Some classes of the CDK declare an optional member as `T | undefined` and their
 * interface as `T`; under `exactOptionalPropertyTypes` the class then does not fit its own interface.
 */
export function asInterface<Interface>(construct: Partial<Record<keyof Interface, unknown>>): Interface {
  return construct as Interface;
}
